//! Readiness: cached probes of Auth0, and keys of issuers.

use std::time::Duration;

use token_verifier::testing::SigningKey;
use tokio::time::Instant;

use crate::auth0::{SimulatedAuth0, dev_command};
use crate::issuer::Issuer;
use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service, poll_until};

/// How long the service caches a successful probe of Auth0.
const PROBE_TTL: Duration = Duration::from_secs(5);

const ADAM: &str = "/api/acme/admin/users/auth0%7Cdemo-adam";

#[tokio::test(flavor = "multi_thread")]
async fn readiness_probe_is_cached_and_detects_an_outage() {
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_with_demo_users());
    let mut service = Service::start(dev_command(&sandbox, auth0.sim.url()));
    let token = sandbox.acme_token();
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(service.get("/health/ready", "").await.status, 200);
        service.metrics().await;
    }
    assert_probes_are_cached(&auth0, start);
    assert_eq!(service.get(ADAM, &token).await.status, 200);
    let text = service.metrics().await;
    for series in [
        "usher_upstream_calls_total{kind=\"read\",outcome=\"200\"} 1",
        "usher_upstream_calls_total{kind=\"token\",outcome=\"200\"} 1",
        "usher_upstream_circuit{kind=\"read\",state=\"closed\"} 1",
        "usher_upstream_circuit{kind=\"search\",state=\"open\"} 0",
    ] {
        assert!(text.contains(&format!("\n{series}\n")), "{series}: {text}");
    }

    // Auth0 becomes unreachable.
    drop(auth0);
    let response = service.get(ADAM, &token).await;
    assert!([502, 503, 504].contains(&response.status), "{response:?}");
    // A successful probe is cached for a while.
    let probe = async || service.get("/health/ready", "").await;
    let ready = poll_until(probe, |response| response.status != 200).await;
    assert_eq!((ready.status, ready.code()), (503, "directory_unavailable"));
    let line = service.wait_for_log("not ready");
    assert!(line.contains("WARN") && line.contains("directory_unavailable"), "{line}");
    let text = service.metrics().await;
    assert!(
        text.contains("usher_upstream_calls_total{kind=\"read\",outcome=\"unreachable\"}"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnected_probes_share_one_auth0_call() {
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_default());
    let service = Service::start(dev_command(&sandbox, auth0.sim.url()));
    auth0.sim.control().update_switches(|switches| switches.latency_millis = 300);
    let start = Instant::now();
    for _ in 0..50 {
        // The probe disconnects without waiting for the response.
        let mut connection = RawConnection::open(service.address);
        connection.send("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
        drop(connection);
    }
    assert_eq!(service.get("/health/ready", "").await.status, 200);
    assert_probes_are_cached(&auth0, start);
}

/// Asserts one probe for each lifetime of its cached result, which may expire meanwhile, and one at
/// the start.
fn assert_probes_are_cached(auth0: &SimulatedAuth0, start: Instant) {
    let calls = auth0.sim.control().calls();
    let probes = calls.get("GET /api/v2/users/{id}").copied().unwrap_or(0);
    let expected = 1..=2 + start.elapsed().as_secs() / PROBE_TTL.as_secs();
    assert!(expected.contains(&probes), "{calls:?}");
}

/// Returns settings with these issuers and the memory adapter.
pub(crate) fn settings_with_issuers(issuers: &[String]) -> String {
    let issuer = |name: &String| {
        let tenants = if name.contains("{tenant}") { "issuer" } else { "all" };
        format!(
            "[[auth.issuers]]\nissuer = \"{name}\"\naudience = \"user-management\"\n\
             tenants = \"{tenants}\"\n"
        )
    };
    let issuers: String = issuers.iter().map(issuer).collect();
    format!("[http]\nlisten = \"127.0.0.1:0\"\n{issuers}")
}

#[tokio::test]
async fn service_without_keys_is_unready_and_retries_sparingly() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let file = sandbox.write("usher.toml", &settings_with_issuers(&[issuer.name("")]));
    let mut service = sandbox.start(&["serve", "--config", &file]);
    let start = Instant::now();
    for _ in 0..50 {
        let response = service.get("/health/ready", "").await;
        assert_eq!((response.status, response.code()), (503, "keys_unavailable"));
        assert!(response.headers.contains_key("retry-after"), "{response:?}");
    }
    let line = service.wait_for_log("not ready");
    assert!(line.contains("code=\"keys_unavailable\""), "{line}");
    assert_eq!(service.get("/health/live", "").await.status, 200);
    // Probes obey the backoff of key fetches, which begins at a second.
    let fetches = issuer.requested_paths().await;
    let expected = 1..=2 + start.elapsed().as_secs();
    assert!(expected.contains(&u64::try_from(fetches.len()).unwrap()), "{fetches:?}");

    let key = SigningKey::rsa("one");
    issuer.publish("", &[&key]).await;
    let probe = async || service.get("/health/ready", "").await;
    let ready = poll_until(probe, |response| response.status == 200).await;
    assert_eq!(ready.status, 200, "{ready:?}");
    // The keys fetched by the probe are cached for requests.
    issuer.reset().await;
    assert_eq!(service.get("/api/acme/admin/users", &issuer.token("", &key)).await.status, 200);
    let text = service.metrics().await;
    let series =
        format!("usher_jwks_fetches_total{{issuer=\"{}\",result=\"fetched\"}} 1", issuer.name(""));
    assert!(text.contains(&series), "{text}");
}

#[tokio::test]
async fn one_reachable_issuer_or_template_makes_it_ready() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    issuer.publish("/reachable", &[&SigningKey::rsa("one")]).await;
    for issuers in [
        vec![issuer.name("/unreachable"), issuer.name("/reachable")],
        vec![issuer.name("/unreachable"), issuer.name("/tenants/{tenant}")],
    ] {
        let file = sandbox.write("usher.toml", &settings_with_issuers(&issuers));
        let service = sandbox.start(&["serve", "--config", &file]);
        assert_eq!(service.get("/health/ready", "").await.status, 200, "{issuers:?}");
    }
}

#[tokio::test]
async fn silent_issuer_does_not_delay_readiness() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    issuer.publish("", &[&SigningKey::rsa("one")]).await;
    // Accepts connections and never responds.
    let silent_listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let names = [format!("http://{}", silent_listener.local_addr().unwrap()), issuer.name("")];
    let file = sandbox.write("usher.toml", &settings_with_issuers(&names));
    // The timeout of a key fetch is four seconds. A busy machine may delay some services as long,
    // but an issuer that delays readiness delays all of them.
    for _ in 0..10 {
        let service = sandbox.start(&["serve", "--config", &file]);
        let started = Instant::now();
        assert_eq!(service.get("/health/ready", "").await.status, 200);
        if started.elapsed() < Duration::from_secs(3) {
            return;
        }
    }
    panic!("the silent issuer delays readiness");
}

#[tokio::test]
async fn empty_key_set_means_unready() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    issuer.publish("", &[]).await;
    let file = sandbox.write("usher.toml", &settings_with_issuers(&[issuer.name("")]));
    let service = sandbox.start(&["serve", "--config", &file]);
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(service.get("/health/ready", "").await.code(), "keys_unavailable");
    }
    let requests = issuer.requested_paths().await;
    // A fetch takes two requests, and the backoff begins at a second.
    let max_fetches = 2 + start.elapsed().as_secs();
    assert!(u64::try_from(requests.len()).unwrap() <= 2 * max_fetches, "{requests:?}");
}
