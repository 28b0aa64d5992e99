//! Liveness, readiness and request metrics.

use std::sync::Arc;

use reqwest::Method;

use crate::framework_errors::directory::{FailingDirectory, Failure};
use crate::support::{App, AppOptions, Client};

async fn app_with_failing_directory(failure: Failure, http: &'static str) -> App {
    let directory = Some(Arc::new(FailingDirectory(failure)) as _);
    App::start_with(AppOptions { http, directory, ..AppOptions::default() }).await
}

/// Returns the request counters, sorted, without comments and durations.
async fn request_counts(client: &Client<'_>) -> Vec<String> {
    let answer = client.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let media_type = answer.header("content-type").unwrap();
    assert!(media_type.starts_with("application/openmetrics-text"), "{media_type}");
    assert!(answer.text.ends_with("# EOF\n"), "{}", answer.text);
    let lines = answer.text.lines().filter(|line| line.starts_with("usher_http_requests_total{"));
    let mut lines: Vec<_> = lines.map(ToOwned::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn liveness_ignores_directory_failures() {
    let app = App::start().await;
    assert_eq!(app.anonymous().get("/health/live").await.text, r#"{"status":"live"}"#);
    for failure in [Failure::Panic, Failure::Failed, Failure::NoResponse] {
        let app = app_with_failing_directory(failure, "").await;
        assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
    }
}

#[tokio::test]
async fn readiness_follows_the_directory() {
    let app = App::start().await;
    assert_eq!(app.anonymous().get("/health/ready").await.text, r#"{"status":"ready"}"#);
    for (failure, outcome) in [
        (Failure::Unavailable(None), "503 directory_unavailable"),
        (Failure::Failed, "503 directory_unavailable"),
        (Failure::Timeout, "503 directory_unavailable"),
        (Failure::NoResponse, "504 directory_timeout"),
        (Failure::Panic, "500 internal_error"),
    ] {
        let timeout = if matches!(failure, Failure::NoResponse) { 500 } else { 60_000 };
        let http = format!("request_timeout_ms = {timeout}");
        let app = app_with_failing_directory(failure, http.leak()).await;
        let answer = app.anonymous().get("/health/ready").await;
        assert_eq!(answer.outcome(), outcome);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.header("retry-after").is_some(), answer.status == 503);
        assert!(!answer.text.contains("4711"), "{answer:?}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_not_path() {
    let app = App::start().await;
    for path in [
        "/api/v1/users/auth0%7Cmia",
        "/api/v1/users/auth0%7Cadam",
        "/api/v1/users/auth0%7Cnobody",
        "/api/acme/admin/users",
        "/api/globex/admin/users",
        "/api/v1/users?filter[tenant]=acme",
        "/nothing/auth0%7Cmia",
        "/nothing/else",
        "/health/live",
    ] {
        app.operator().get(path).await;
        app.anonymous().get(path).await;
    }
    app.operator().delete("/api/v1/users/auth0%7Cmia").await;
    app.operator().delete("/api/v1/users").await;
    let odd = reqwest::Method::from_bytes(b"ODD").unwrap();
    app.operator().call(odd, "/api/v1/users", None).await;
    insta::assert_snapshot!(request_counts(&app.anonymous()).await.join("\n"), @r#"
    usher_http_requests_total{route="/api/v1/users",method="DELETE",status="405"} 1
    usher_http_requests_total{route="/api/v1/users",method="GET",status="200"} 1
    usher_http_requests_total{route="/api/v1/users",method="GET",status="401"} 1
    usher_http_requests_total{route="/api/v1/users",method="other",status="405"} 1
    usher_http_requests_total{route="/api/v1/users/{userId}",method="DELETE",status="204"} 1
    usher_http_requests_total{route="/api/v1/users/{userId}",method="GET",status="200"} 2
    usher_http_requests_total{route="/api/v1/users/{userId}",method="GET",status="401"} 3
    usher_http_requests_total{route="/api/v1/users/{userId}",method="GET",status="404"} 1
    usher_http_requests_total{route="/api/{tenantId}/admin/users",method="GET",status="200"} 2
    usher_http_requests_total{route="/api/{tenantId}/admin/users",method="GET",status="401"} 2
    usher_http_requests_total{route="/health/live",method="GET",status="200"} 2
    usher_http_requests_total{route="unmatched",method="GET",status="404"} 4
    "#);

    let text = app.anonymous().get("/metrics").await.text;
    for word in ["mia", "acme", "globex", "nothing", "ODD"] {
        assert!(!text.contains(word), "{word} is in {text}");
    }
    let live = r#"{route="/health/live",method="GET",status="200"} 2"#;
    assert!(text.contains(&format!("usher_http_request_duration_seconds_count{live}")), "{text}");
}

#[tokio::test]
async fn failed_requests_are_counted_by_route() {
    for (failure, status) in
        [(Failure::Panic, 500), (Failure::Failed, 502), (Failure::NoResponse, 504)]
    {
        let timeout = if matches!(failure, Failure::NoResponse) { 500 } else { 60_000 };
        let http = format!("request_timeout_ms = {timeout}");
        let app = app_with_failing_directory(failure, http.leak()).await;
        let answer = app.operator().get("/api/v1/users/auth0%7Cmia").await;
        assert_eq!(answer.status, status);
        let labels =
            format!("route=\"/api/v1/users/{{userId}}\",method=\"GET\",status=\"{status}\"");
        let request_count = [format!("usher_http_requests_total{{{labels}}} 1")];
        assert_eq!(request_counts(&app.anonymous()).await, request_count);
    }
}

#[tokio::test]
async fn admin_listener_separates_metrics_from_api() {
    let http = "admin_listen = \"127.0.0.1:0\"";
    let app = App::start_with(AppOptions { http, ..AppOptions::default() }).await;
    let admin = app.anonymous().at(app.admin_address.unwrap());
    assert_ne!(app.admin_address, Some(app.address));

    assert_eq!(app.operator().get("/api/v1/users/auth0%7Cmia").await.outcome(), "200");
    let answer = app.exchange(&app.head("GET /metrics", &[]));
    assert_eq!(answer.outcome(), "404 not_found");
    let request_count = request_counts(&admin).await.join("\n");
    assert!(request_count.contains(r#"route="/api/v1/users/{userId}",method="GET",status="200""#));

    // Health endpoints are on the admin listener, the API on the other one.
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(admin.get(path).await.outcome(), "200");
        let answer = app.exchange(&app.head(&format!("GET {path}"), &[]));
        assert_eq!(answer.outcome(), "404 not_found");
    }
    for path in
        ["/api/v1/users?filter[tenant]=acme", "/api/acme/admin/users", "/openapi.json", "/docs/"]
    {
        let token = format!("Bearer {}", app.operator().token().unwrap());
        let request = app.head(&format!("GET {path}"), &[("Authorization", &token)]);
        let answer = app.exchange_as_admin(&request);
        assert_eq!(answer.outcome(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn default_settings_open_one_listener() {
    let app = App::start().await;
    assert_eq!(app.admin_address, None);
    assert_eq!(app.anonymous().get("/metrics").await.status, 200);
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let app = App::start().await;
    for path in ["/health/live", "/health/ready", "/openapi.json", "/docs/", "/docs", "/"] {
        let get = app.anonymous().get(path).await;
        let head = app.anonymous().call(Method::HEAD, path, None).await;
        assert_eq!((head.status, &*head.text), (get.status, ""), "{path}");
        for name in ["content-type", "content-length", "location"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    let metrics = app.anonymous().call(Method::HEAD, "/metrics", None).await;
    assert_eq!((metrics.status.as_u16(), &*metrics.text), (200, ""));
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let app = app_with_failing_directory(Failure::Failed, "").await;
    let ready = app.anonymous().call(Method::HEAD, "/health/ready", None).await;
    assert_eq!((ready.status.as_u16(), &*ready.text), (503, ""));
}

#[tokio::test]
async fn head_is_counted_as_head() {
    let app = App::start().await;
    app.anonymous().call(Method::HEAD, "/health/live", None).await;
    let counts = request_counts(&app.anonymous()).await.join("\n");
    assert!(counts.contains(r#"route="/health/live",method="HEAD",status="200"} 1"#), "{counts}");
}
