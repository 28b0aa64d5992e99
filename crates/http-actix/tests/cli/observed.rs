//! What an operator sees of a service on Auth0: traces, metrics, health, and a secret that changes.

use std::collections::BTreeMap;

use serde_json::json;
use telemetry::testing::{Collector, ReceivedSpan};

use crate::auth0::{Behind, SECRET, develop};
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::support::{Place, Service};

const ADAM: &str = "/api/acme/admin/users/auth0%7Cdemo-adam";

fn seed(behind: &Behind) {
    for line in include_str!("../../../auth0-sim/demo.jsonl").lines() {
        behind.sim.control().seed(serde_json::from_str(line).unwrap()).unwrap();
    }
}

fn token(place: &Place) -> String {
    place.run(&["token", "--tenant", "acme"]).stdout.trim().to_owned()
}

async fn metrics(service: &Service) -> String {
    service.get("/metrics", "").await.body.as_str().unwrap().to_owned()
}

/// Exactly one span has this name.
fn named<'a>(spans: &'a [ReceivedSpan], name: &str) -> &'a ReceivedSpan {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("{name} is not among {spans:#?}"));
    assert!(found.next().is_none(), "{name} is there twice: {spans:#?}");
    span
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_request_to_auth0() {
    let (place, behind, collector) = (Place::new(), Behind::usual(), Collector::start());
    seed(&behind);
    let mut command = develop(&place, behind.sim.url());
    command
        .env("USHER__TRACES__OTLP_ENDPOINT", collector.endpoint())
        .env("USHER__TRACES__SERVICE_NAME", "usher-under-test")
        // Whatever is logged, spans are for the collector.
        .env("USHER__LOG__FILTER", "usher_http::access=info");
    let service = Service::start(command);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = http
        .get(format!("http://{}{ADAM}", service.address))
        .bearer_auth(token(&place))
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    #[expect(clippy::disallowed_methods, reason = "a call with a header of its own")]
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let ended = service.stop();

    let spans: Vec<_> =
        collector.spans().into_iter().filter(|span| span.trace_id == trace).collect();
    let request = named(&spans, "GET /api/{tenantId}/admin/users/{userId}");
    assert_eq!((request.kind, request.parent_id.as_deref()), ("server", Some("b7ad6b7169203331")));
    assert_eq!(request.service["service.name"], "usher-under-test");
    let field = |span: &ReceivedSpan, name: &str| span.fields.get(name).cloned();
    assert_eq!(field(request, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(request.status, "unset");
    let use_case = named(&spans, "tenant_users.get");
    assert_eq!(use_case.parent_id.as_deref(), Some(request.span_id.as_str()));
    let upstream: BTreeMap<_, _> = spans
        .iter()
        .filter(|span| span.kind == "client")
        .map(|span| (field(span, "url.template").unwrap(), span))
        .collect();
    let read = upstream["/api/v2/users/{id}"];
    assert_eq!(read.parent_id.as_deref(), Some(use_case.span_id.as_str()), "{spans:#?}");
    assert_eq!(field(read, "http.response.status_code").as_deref(), Some("200"));
    // The log leads to the trace, and nothing of anybody went to the collector.
    let in_log = format!("traceparent=00-{trace}-{}-01", request.span_id);
    assert!(ended.stderr.contains(&in_log), "{}", ended.stderr);
    assert!(ended.stderr.contains("upstream_calls=2"), "token and read: {}", ended.stderr);
    let all = format!("{spans:?}");
    for nobody in ["adam", "demo-", "@", SECRET] {
        assert!(!all.contains(nobody), "{nobody}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_harms_nobody() {
    let (place, gone) = (Place::new(), crate::support::Silent::start());
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__TRACES__OTLP_ENDPOINT", format!("http://{}/v1/traces", gone.address()));
    let service = Service::start(command);
    for _ in 0..20 {
        assert_eq!(service.get(ADAM, &token(&place)).await.status, 200);
    }
    assert_eq!(service.stop().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_costs_auth0_hardly_anything_and_an_outage_is_seen() {
    let (place, behind) = (Place::new(), Behind::usual());
    seed(&behind);
    let mut service = Service::start(develop(&place, behind.sim.url()));
    let token = token(&place);
    for _ in 0..50 {
        assert_eq!(service.get("/health/ready", "").await.status, 200);
        metrics(&service).await;
    }
    let calls = behind.sim.control().calls();
    assert_eq!(calls.get("GET /api/v2/users/{id}"), Some(&1), "{calls:?}");
    assert_eq!(service.get(ADAM, &token).await.status, 200);
    let text = metrics(&service).await;
    for series in [
        "usher_upstream_calls_total{kind=\"read\",outcome=\"200\"} 1",
        "usher_upstream_calls_total{kind=\"token\",outcome=\"200\"} 1",
        "usher_upstream_circuit{kind=\"read\",state=\"closed\"} 1",
        "usher_upstream_circuit{kind=\"search\",state=\"open\"} 0",
    ] {
        assert!(text.contains(&format!("\n{series}\n")), "{series}: {text}");
    }

    // Auth0 is gone.
    drop(behind);
    let answer = service.get(ADAM, &token).await;
    assert!([502, 503, 504].contains(&answer.status), "{answer:?}");
    let mut ready = service.get("/health/ready", "").await;
    // What was found well a moment ago is not asked again at once.
    for _ in 0..100_000 {
        if ready.status != 200 {
            break;
        }
        ready = service.get("/health/ready", "").await;
    }
    assert_eq!((ready.status, ready.code()), (503, "directory_unavailable"));
    let line = service.wait_for_log("not ready");
    assert!(line.contains("WARN") && line.contains("directory_unavailable"), "{line}");
    let text = metrics(&service).await;
    assert!(
        text.contains("usher_upstream_calls_total{kind=\"read\",outcome=\"unreachable\"}"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_file_is_read_again() {
    let (place, behind, issuer) = (Place::new(), Behind::usual(), Issuer::start().await);
    seed(&behind);
    let key = SigningKey::rsa("one");
    issuer.publish("", &[&key]).await;
    place.write("etc/secret", "of-yesterday\n");
    let settings = format!(
        "{}\n[http]\nlisten = \"127.0.0.1:0\"\n[reload]\ninterval_ms = 5\n[[auth.issuers]]\n\
         issuer = \"{}\"\naudience = \"user-management\"\ntenants = \"all\"\n",
        behind.settings("client_secret_file = \"secret\""),
        issuer.name(""),
    );
    let file = place.write("etc/usher.toml", &settings);
    let mut service = place.serve(&["serve", "--config", &file]);
    let token = issuer.token("", &key);
    assert_eq!(service.get(ADAM, &token).await.code(), "directory_error");
    place.write("etc/secret", SECRET);
    service.wait_for_log("the settings were reloaded");
    // A token that was refused is not asked for again at once.
    let mut answer = service.get(ADAM, &token).await;
    for _ in 0..1000 {
        if answer.status == 200 {
            break;
        }
        answer = service.get(ADAM, &token).await;
    }
    assert_eq!((answer.status, &answer.body["id"]), (200, &json!("auth0|demo-adam")), "{answer:?}");
    // Another client waits for a restart, and so does its secret.
    place.write("etc/another", "of-another-client");
    let another = settings.replace("\"usher\"", "\"another\"").replace("\"secret\"", "\"another\"");
    place.write("etc/usher.toml", &another);
    service.wait_for_log("these settings changed and need a restart");
    behind.sim.control().revoke_tokens();
    assert_eq!(service.get(ADAM, &token).await.status, 200);
    let ended = service.stop();
    for secret in ["of-yesterday", SECRET, "of-another-client"] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_logged_on_the_way_bears_the_name_of_the_request() {
    let (place, behind) = (Place::new(), Behind::usual());
    seed(&behind);
    let mut command = develop(&place, behind.sim.url());
    command.env("USHER__LOG__FILTER", "trace").env("USHER__LOG__FORMAT", "json");
    let service = Service::start(command);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = http
        .get(format!("http://{}{ADAM}", service.address))
        .bearer_auth(token(&place))
        .header("x-request-id", "this-one");
    #[expect(clippy::disallowed_methods, reason = "a call with a header of its own")]
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut on_the_way = 0;
    for line in service.stop().stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(span) = event.pointer("/spans/0") {
            let named = (&span["name"], &span["request_id"]);
            assert_eq!(named, (&json!("request"), &json!("this-one")), "{line}");
            on_the_way += 1;
        }
    }
    assert!(on_the_way >= 2, "the token and the read: {on_the_way}");
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_that_go_away_cost_auth0_no_more_than_others() {
    let (place, behind) = (Place::new(), Behind::usual());
    let service = Service::start(develop(&place, behind.sim.url()));
    behind.sim.control().update(|switches| switches.latency_millis = 300);
    for _ in 0..50 {
        // It asks, and does not wait for the answer.
        let mut wire = crate::wire::Wire::to(service.address);
        wire.say("GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n");
        drop(wire);
    }
    assert_eq!(service.get("/health/ready", "").await.status, 200);
    let calls = behind.sim.control().calls();
    assert_eq!(calls.get("GET /api/v2/users/{id}"), Some(&1), "{calls:?}");
}

/// Settings with these issuers, whose people are in memory.
fn trusting(issuers: &[String]) -> String {
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
async fn a_service_without_keys_is_not_ready_and_asks_for_them_now_and_then() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let file = place.write("usher.toml", &trusting(&[issuer.name("")]));
    let mut service = place.serve(&["serve", "--config", &file]);
    for _ in 0..50 {
        let answer = service.get("/health/ready", "").await;
        assert_eq!((answer.status, answer.code()), (503, "keys_unavailable"));
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    }
    let line = service.wait_for_log("not ready");
    assert!(line.contains("code=\"keys_unavailable\""), "{line}");
    assert_eq!(service.get("/health/live", "").await.status, 200);
    // A probe is no reason to ask more often than anything else is.
    assert!(issuer.asked().await.len() <= 2, "{:?}", issuer.asked().await);

    let key = SigningKey::rsa("one");
    issuer.publish("", &[&key]).await;
    let mut ready = service.get("/health/ready", "").await;
    for _ in 0..100_000 {
        if ready.status == 200 {
            break;
        }
        ready = service.get("/health/ready", "").await;
    }
    assert_eq!(ready.status, 200, "{ready:?}");
    // The keys are there for the first who comes.
    issuer.forget().await;
    assert_eq!(service.get("/api/acme/admin/users", &issuer.token("", &key)).await.status, 200);
    let text = metrics(&service).await;
    let fetched =
        format!("usher_jwks_fetches_total{{issuer=\"{}\",result=\"fetched\"}} 1", issuer.name(""));
    assert!(text.contains(&fetched), "{text}");
}

#[tokio::test]
async fn one_issuer_that_is_there_makes_a_service_ready_and_so_does_a_template() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    issuer.publish("/there", &[&SigningKey::rsa("one")]).await;
    for issuers in [
        vec![issuer.name("/gone"), issuer.name("/there")],
        vec![issuer.name("/gone"), issuer.name("/{tenant}")],
    ] {
        let file = place.write("usher.toml", &trusting(&issuers));
        let service = place.serve(&["serve", "--config", &file]);
        assert_eq!(service.get("/health/ready", "").await.status, 200, "{issuers:?}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_silent_holds_up_no_probe_where_another_has_keys() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    issuer.publish("", &[&SigningKey::rsa("one")]).await;
    // It takes connections, and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let names = [format!("http://{}", silent.local_addr().unwrap()), issuer.name("")];
    let file = place.write("usher.toml", &trusting(&names));
    let service = place.serve(&["serve", "--config", &file]);
    let began = tokio::time::Instant::now();
    for _ in 0..10 {
        assert_eq!(service.get("/health/ready", "").await.status, 200);
    }
    // A fetch has four seconds.
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_key_set_without_keys_is_as_good_as_none() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    issuer.publish("", &[]).await;
    let file = place.write("usher.toml", &trusting(&[issuer.name("")]));
    let service = place.serve(&["serve", "--config", &file]);
    for _ in 0..20 {
        assert_eq!(service.get("/health/ready", "").await.code(), "keys_unavailable");
    }
    assert!(issuer.asked().await.len() <= 2, "{:?}", issuer.asked().await);
}

#[tokio::test]
async fn keys_that_are_rotated_are_told_of() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let (old, new) = (SigningKey::rsa("old"), SigningKey::rsa("new"));
    issuer.publish("", &[&old]).await;
    let file = place.write("usher.toml", &trusting(&[issuer.name("")]));
    let mut service = place.serve(&["serve", "--config", &file]);
    let list = "/api/acme/admin/users";
    assert_eq!(service.get(list, &issuer.token("", &old)).await.status, 200);
    issuer.forget().await;
    issuer.publish("", &[&new]).await;
    assert_eq!(service.get(list, &issuer.token("", &new)).await.status, 200);
    let line = service.wait_for_log("the keys of an issuer have changed");
    assert!(line.contains("kept=0 new=1 gone=1"), "{line}");
    assert_eq!(service.get(list, &issuer.token("", &old)).await.code(), "invalid_token");
    let line = service.wait_for_log("status=401");
    assert!(line.contains("cause=\"the key of the token is unknown\""), "{line}");
    // Whose keys those are is told too, and of issuers that are none nothing.
    assert!(line.contains(&format!("issuer=\"{}\"", issuer.name(""))), "{line}");
    assert_eq!(service.get(list, &issuer.token("/nobody", &old)).await.code(), "invalid_token");
    let line = service.wait_for_log("is not trusted");
    assert!(!line.contains("nobody") && !line.contains(" issuer="), "{line}");
}

/// Where no file descriptors are left, nothing can be asked of the system any more.
#[cfg(target_os = "linux")]
#[test]
fn that_descriptors_are_used_up_is_seen_all_the_same() {
    let place = Place::new();
    let usher = place.command(&[]);
    let mut command = std::process::Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -n 80; exec \"$0\" serve --dev --listen 127.0.0.1:0"])
        .arg(usher.get_program())
        .env_clear()
        .envs(usher.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut printed = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut printed, &mut line).unwrap();
    let (_, rest) = line.split_once("http://").unwrap();
    let address = rest.split(' ').next().unwrap().parse().unwrap();

    let ask = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut asks = crate::wire::Wire::to(address);
    asks.say(ask);
    asks.hear("# EOF");
    let others: Vec<_> = (0..200).map(|_| crate::wire::Wire::to(address)).collect();
    for _ in 0..20 {
        asks.say(ask);
        let text = asks.hear("# EOF");
        let open = text.lines().find_map(|line| line.strip_prefix("process_open_fds "));
        let open: u64 = open.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        assert!(open > 10, "{open}");
    }
    drop(others);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn what_is_no_http_is_counted() {
    let place = Place::new();
    let service = place.develop();
    for garbage in
        ["\u{16}\u{3}\u{1} a hello of TLS", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\0\0\0\r\n\r\n"]
    {
        let mut wire = crate::wire::Wire::to(service.address);
        wire.say_what_can_be(garbage);
        wire.say_no_more();
        wire.hear_all();
    }
    let text = metrics(&service).await;
    assert!(text.contains("\nusher_http_malformed_total 3\n"), "{text}");
}
