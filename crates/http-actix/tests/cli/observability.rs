//! Traces, logs and metrics of a service with Auth0, and a reloaded client secret.

use std::collections::BTreeMap;

use serde_json::json;
use telemetry::testing::{Collector, ReceivedSpan};
use token_verifier::testing::SigningKey;

use crate::auth0::{SECRET, SimulatedAuth0, dev_command};
use crate::issuer::Issuer;
use crate::raw_connection::RawConnection;
use crate::readiness::settings_with_issuers;
use crate::support::{Sandbox, Service, poll_until};

const ADAM: &str = "/api/acme/admin/users/auth0%7Cdemo-adam";

/// Returns the only span with this name.
fn find_span<'a>(spans: &'a [ReceivedSpan], name: &str) -> &'a ReceivedSpan {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
    assert!(found.next().is_none(), "several {name} in {spans:#?}");
    span
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_links_request_to_auth0_call() {
    let (sandbox, auth0, collector) =
        (Sandbox::new(), SimulatedAuth0::start_with_demo_users(), Collector::start());
    let mut command = dev_command(&sandbox, auth0.sim.url());
    command
        .env("USHER__TRACES__OTLP_ENDPOINT", collector.endpoint())
        .env("USHER__TRACES__SERVICE_NAME", "usher-under-test")
        // The log filter does not apply to exported spans.
        .env("USHER__LOG__FILTER", "usher_http::access=info");
    let service = Service::start(command);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .get(format!("http://{}{ADAM}", service.address))
        .bearer_auth(sandbox.acme_token())
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    #[expect(clippy::disallowed_methods, reason = "a request with a custom header")]
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let output = service.stop();

    let spans: Vec<_> =
        collector.spans().into_iter().filter(|span| span.trace_id == trace).collect();
    let request = find_span(&spans, "GET /api/{tenantId}/admin/users/{userId}");
    assert_eq!((request.kind, request.parent_id.as_deref()), ("server", Some("b7ad6b7169203331")));
    assert_eq!(request.service["service.name"], "usher-under-test");
    let field = |span: &ReceivedSpan, name: &str| span.fields.get(name).cloned();
    assert_eq!(field(request, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(request.status, "unset");
    let use_case = find_span(&spans, "tenant_users.get");
    assert_eq!(use_case.parent_id.as_deref(), Some(request.span_id.as_str()));
    let upstream: BTreeMap<_, _> = spans
        .iter()
        .filter(|span| span.kind == "client")
        .map(|span| (field(span, "url.template").unwrap(), span))
        .collect();
    let read = upstream["/api/v2/users/{id}"];
    assert_eq!(read.parent_id.as_deref(), Some(use_case.span_id.as_str()), "{spans:#?}");
    assert_eq!(field(read, "http.response.status_code").as_deref(), Some("200"));
    // The log refers to the trace, and spans contain no personal data.
    let log_field = format!("traceparent=00-{trace}-{}-01", request.span_id);
    assert!(output.stderr.contains(&log_field), "{}", output.stderr);
    assert!(output.stderr.contains("upstream_calls=2"), "token and read: {}", output.stderr);
    let all = format!("{spans:?}");
    for personal in ["adam", "demo-", "@", SECRET] {
        assert!(!all.contains(personal), "{personal}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_sampled_requests_have_spans() {
    let (sandbox, collector) = (Sandbox::new(), Collector::start());
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command
        .env("USHER__TRACES__OTLP_ENDPOINT", collector.endpoint())
        .env("USHER__TRACES__SAMPLE_RATIO", "0");
    let service = Service::start(command);
    let token = sandbox.acme_token();
    let [sampled, unsampled] =
        ["0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (trace, flags) in [(sampled, "01"), (unsampled, "00")] {
        let request = http
            .get(format!("http://{}{ADAM}", service.address))
            .bearer_auth(&token)
            .header("traceparent", format!("00-{trace}-b7ad6b7169203331-{flags}"));
        #[expect(clippy::disallowed_methods, reason = "a request with a custom header")]
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(service.get(ADAM, &token).await.status, 200);
    let output = service.stop();
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.trace_id == sampled), "{spans:#?}");
    let request = find_span(&spans, "GET /api/{tenantId}/admin/users/{userId}");
    find_span(&spans, "tenant_users.get");
    // Each request has a position of its own in its trace, sampled or not.
    let log = &output.stderr;
    assert!(log.contains(&format!("traceparent=00-{sampled}-{}-01 ", request.span_id)), "{log}");
    assert!(log.contains(&format!("traceparent=00-{unsampled}-")), "{log}");
    assert!(!log.contains("b7ad6b7169203331"), "{log}");
    assert_eq!(log.matches("-00 method=\"GET\"").count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_collector_does_not_affect_requests() {
    let (sandbox, closed_listener) = (Sandbox::new(), crate::support::ClosingListener::start());
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env(
        "USHER__TRACES__OTLP_ENDPOINT",
        format!("http://{}/v1/traces", closed_listener.address()),
    );
    let service = Service::start(command);
    for _ in 0..20 {
        assert_eq!(service.get(ADAM, &sandbox.acme_token()).await.status, 200);
    }
    assert_eq!(service.stop().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn client_secret_file_is_reloaded() {
    let (sandbox, auth0, issuer) =
        (Sandbox::new(), SimulatedAuth0::start_with_demo_users(), Issuer::start().await);
    let key = SigningKey::rsa("one");
    issuer.publish("", &[&key]).await;
    sandbox.write("etc/secret", "outdated-secret\n");
    let settings = format!(
        "{}\n[http]\nlisten = \"127.0.0.1:0\"\n[reload]\ninterval_ms = 5\n[[auth.issuers]]\n\
         issuer = \"{}\"\naudience = \"user-management\"\ntenants = \"all\"\n",
        auth0.settings("client_secret_file = \"secret\""),
        issuer.name(""),
    );
    let file = sandbox.write("etc/usher.toml", &settings);
    let mut service = sandbox.start(&["serve", "--config", &file]);
    let token = issuer.token("", &key);
    assert_eq!(service.get(ADAM, &token).await.code(), "directory_error");
    sandbox.write("etc/secret", SECRET);
    service.wait_for_log("settings reloaded");
    // After a rejected token request there is a back-off.
    let read = async || service.get(ADAM, &token).await;
    let response = poll_until(read, |response| response.status == 200).await;
    assert_eq!(
        (response.status, &response.body["id"]),
        (200, &json!("auth0|demo-adam")),
        "{response:?}"
    );
    // Another client id needs a restart, and so does its secret.
    sandbox.write("etc/another", "of-another-client");
    let another = settings.replace("\"usher\"", "\"another\"").replace("\"secret\"", "\"another\"");
    sandbox.write("etc/usher.toml", &another);
    service.wait_for_log("changed settings need a restart");
    auth0.sim.control().revoke_tokens();
    assert_eq!(service.get(ADAM, &token).await.status, 200);
    let output = service.stop();
    for secret in ["outdated-secret", SECRET, "of-another-client"] {
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_events_carry_the_request_id() {
    let (sandbox, auth0) = (Sandbox::new(), SimulatedAuth0::start_with_demo_users());
    let mut command = dev_command(&sandbox, auth0.sim.url());
    command.env("USHER__LOG__FILTER", "trace").env("USHER__LOG__FORMAT", "json");
    let service = Service::start(command);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .get(format!("http://{}{ADAM}", service.address))
        .bearer_auth(sandbox.acme_token())
        .header("x-request-id", "this-one");
    #[expect(clippy::disallowed_methods, reason = "a request with a custom header")]
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut event_count = 0;
    for line in service.stop().stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(span) = event.pointer("/spans/0") {
            let find_span = (&span["name"], &span["request_id"]);
            assert_eq!(find_span, (&json!("request"), &json!("this-one")), "{line}");
            event_count += 1;
        }
    }
    assert!(event_count >= 2, "expected events for token and read: {event_count}");
}

#[tokio::test]
async fn key_rotation_is_logged() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let (old, new) = (SigningKey::rsa("old"), SigningKey::rsa("new"));
    issuer.publish("", &[&old]).await;
    let file = sandbox.write("usher.toml", &settings_with_issuers(&[issuer.name("")]));
    let mut service = sandbox.start(&["serve", "--config", &file]);
    let list = "/api/acme/admin/users";
    assert_eq!(service.get(list, &issuer.token("", &old)).await.status, 200);
    issuer.reset().await;
    issuer.publish("", &[&new]).await;
    assert_eq!(service.get(list, &issuer.token("", &new)).await.status, 200);
    let line = service.wait_for_log("issuer keys changed");
    assert!(line.contains("kept=0 new=1 gone=1"), "{line}");
    assert_eq!(service.get(list, &issuer.token("", &old)).await.code(), "invalid_token");
    let line = service.wait_for_log("status=401");
    assert!(line.contains("cause=\"the key of the token is unknown\""), "{line}");
    // The trusted issuer is logged; an untrusted one is not.
    assert!(line.contains(&format!("issuer=\"{}\"", issuer.name(""))), "{line}");
    assert_eq!(service.get(list, &issuer.token("/untrusted", &old)).await.code(), "invalid_token");
    let line = service.wait_for_log("is not trusted");
    assert!(!line.contains("/untrusted") && !line.contains(" issuer="), "{line}");
}

/// Without free file descriptors, /proc cannot be read.
#[cfg(target_os = "linux")]
#[test]
fn metrics_work_without_free_file_descriptors() {
    let sandbox = Sandbox::new();
    let usher = sandbox.command(&[]);
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
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let (_, rest) = line.split_once("http://").unwrap();
    let address = rest.split(' ').next().unwrap().parse().unwrap();

    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut connection = RawConnection::open(address);
    connection.send(request);
    connection.read_until("# EOF");
    let idle_connections: Vec<_> = (0..200).map(|_| RawConnection::open(address)).collect();
    for _ in 0..20 {
        connection.send(request);
        let text = connection.read_until("# EOF");
        let open = text.lines().find_map(|line| line.strip_prefix("process_open_fds "));
        let open: u64 = open.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
        assert!(open > 10, "{open}");
    }
    drop(idle_connections);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn malformed_http_is_counted() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    for garbage in
        ["\u{16}\u{3}\u{1} a TLS hello", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\0\0\0\r\n\r\n"]
    {
        let mut connection = RawConnection::open(service.address);
        connection.try_send(garbage);
        connection.close_write();
        connection.read_to_end();
    }
    let text = service.metrics().await;
    assert!(text.contains("\nusher_http_malformed_total 3\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetry_variables_apply_below_the_settings() {
    for (service_name, expected) in [(None, "by-variable"), (Some("by-settings"), "by-settings")] {
        let (sandbox, collector) = (Sandbox::new(), Collector::start());
        let endpoint = collector.endpoint();
        let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.trim_end_matches("/v1/traces"))
            .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20c2VjcmV0")
            .env("OTEL_SERVICE_NAME", "by-variable");
        if let Some(name) = service_name {
            command.env("USHER__TRACES__SERVICE_NAME", name);
        }
        let service = Service::start(command);
        assert_eq!(service.get(ADAM, &sandbox.acme_token()).await.status, 200);
        let output = service.stop();
        let spans = collector.spans();
        assert!(!spans.is_empty());
        assert!(spans.iter().all(|span| span.service["service.name"] == expected), "{spans:#?}");
        let header = collector.last_header("authorization");
        assert_eq!(header.as_deref(), Some("Basic c2VjcmV0"));
        assert!(!output.stderr.contains("c2VjcmV0"), "{}", output.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_file_overrides_opentelemetry_variables() {
    let (sandbox, issuer, collector) = (Sandbox::new(), Issuer::start().await, Collector::start());
    let key = SigningKey::rsa("one");
    issuer.publish("", &[&key]).await;
    let endpoint = collector.endpoint();
    let settings = settings_with_issuers(&[issuer.name("")]);
    let traces = format!("[traces]\notlp_endpoint = \"{endpoint}\"\nservice_name = \"by-file\"\n");
    let file = sandbox.write("usher.toml", &format!("{settings}\n{traces}"));
    let mut command = sandbox.command(&["serve", "--config", &file]);
    command
        .env("OTEL_SDK_DISABLED", "true")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.invalid:4318")
        .env("OTEL_SERVICE_NAME", "by-variable");
    let service = Service::start(command);
    let token = issuer.token("", &key);
    assert_eq!(service.get("/api/acme/admin/users", &token).await.status, 200);
    service.stop();
    let spans = collector.spans();
    assert!(!spans.is_empty());
    assert!(spans.iter().all(|span| span.service["service.name"] == "by-file"), "{spans:#?}");
}
