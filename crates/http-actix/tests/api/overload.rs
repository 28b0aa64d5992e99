//! Overload: which requests are served, queued and rejected.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use futures_util::future::{Either, join_all, select};

use crate::framework_errors::directory::{FailingDirectory, Failure};
use crate::support::metrics::{IN_FLIGHT, QUEUED};
use crate::support::{App, AppOptions, Client};

const USER: &str = "/api/v1/users/auth0%7Cmia";

/// Starts a service with these settings and a directory that never answers.
async fn app_with_silent_directory(settings: &'static str) -> App {
    let directory = Some(Arc::new(FailingDirectory(Failure::NoResponse)) as _);
    App::start_with(AppOptions { settings, directory, ..AppOptions::default() }).await
}

/// Runs `then` while these calls are pending; they must not end before.
async fn while_pending<T>(calls: &[(&Client<'_>, &str)], then: impl Future<Output = T>) -> T {
    let calls = join_all(calls.iter().map(|(client, path)| client.get(path)));
    match select(std::pin::pin!(calls), std::pin::pin!(then)).await {
        Either::Left((answers, _)) => panic!("calls ended: {answers:?}"),
        Either::Right((outcome, _)) => outcome,
    }
}

#[tokio::test]
async fn full_queue_is_rejected_with_503_immediately() {
    let app = app_with_silent_directory("[overload]\nmax_concurrent = 2\nmax_queued = 0\n").await;
    let acme = app.tenant("acme");
    let calls = [(&acme, USER), (&acme, "/api/acme/admin/users/auth0%7Cmia")];
    while_pending(&calls, async {
        app.wait_for_metric(IN_FLIGHT, 2).await;
        for (path, media_type) in
            [(USER, "application/json"), ("/api/acme/admin/users", "application/problem+json")]
        {
            let answer = acme.get(path).await;
            assert_eq!(answer.outcome(), "503 overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.header("content-type"), Some(media_type));
        }
        // An invalid token is rejected without a permit.
        assert_eq!(app.bearer("garbage").get(USER).await.outcome(), "401 invalid_token");
        assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
        let text = app.anonymous().get("/metrics").await.text;
        assert!(text.contains("usher_http_requests_shed_total{reason=\"queue_full\"} 2"), "{text}");
        assert!(text.contains("usher_http_errors_total{code=\"overloaded\"} 2"), "{text}");
        assert!(text.contains("\nusher_http_requests_in_flight_limit 2\n"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn rejection_can_be_read_by_configured_origin() {
    let origin = "https://admin.example.com";
    let app = App::start_with(AppOptions {
        http: "cors_origins = [\"https://admin.example.com\"]",
        settings: "[overload]\nmax_concurrent = 1\nmax_queued = 0\n",
        directory: Some(Arc::new(FailingDirectory(Failure::NoResponse)) as _),
        ..AppOptions::default()
    })
    .await;
    let acme = app.tenant("acme").header("origin", origin);
    while_pending(&[(&acme, USER)], async {
        app.wait_for_metric(IN_FLIGHT, 1).await;
        let answer = acme.get(USER).await;
        assert_eq!(answer.outcome(), "503 overloaded");
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn queue_timeout_is_rejected_with_503() {
    let app = app_with_silent_directory(
        "[overload]\nmax_concurrent = 1\nmax_queued = 5\nmax_wait_ms = 50\n",
    )
    .await;
    let acme = app.tenant("acme");
    while_pending(&[(&acme, USER)], async {
        app.wait_for_metric(IN_FLIGHT, 1).await;
        let answer = app.tenant("globex").get(USER).await;
        assert_eq!(answer.outcome(), "503 overloaded");
        let text = app.anonymous().get("/metrics").await.text;
        let shed = "usher_http_requests_shed_total{reason=\"waited_too_long\"} 1";
        assert!(text.contains(shed), "{text}");
        assert_eq!(app.metric(QUEUED).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_tenants_load_leaves_permits_for_others() {
    let settings =
        "[overload]\nmax_concurrent = 3\nmax_concurrent_per_tenant = 2\nmax_queued = 0\n";
    let app = app_with_silent_directory(settings).await;
    let (acme, globex) = (app.tenant("acme"), app.tenant("globex"));
    while_pending(&[(&acme, USER), (&acme, USER)], async {
        app.wait_for_metric(IN_FLIGHT, 2).await;
        let burst = join_all((0..18).map(|_| acme.get(USER))).await;
        assert!(burst.iter().all(|answer| answer.outcome() == "503 overloaded"), "{burst:?}");
        while_pending(&[(&globex, USER)], app.wait_for_metric(IN_FLIGHT, 3)).await;
    })
    .await;
}

#[tokio::test]
async fn permit_belongs_to_token_tenant_not_path_tenant() {
    let settings = "[overload]\nmax_concurrent_per_tenant = 1\nmax_queued = 0\n";
    let app = app_with_silent_directory(settings).await;
    let (acme, globex) = (app.tenant("acme"), app.tenant("globex"));
    while_pending(&[(&globex, "/api/globex/admin/users/auth0%7Cmia")], async {
        app.wait_for_metric(IN_FLIGHT, 1).await;
        // The permit of an acme token counts for acme, whichever tenant the path names.
        let answer = acme.get("/api/globex/admin/users").await;
        assert_eq!(answer.outcome(), "403 tenant_forbidden");
        assert_eq!(globex.get(USER).await.outcome(), "503 overloaded");
    })
    .await;
}

#[tokio::test]
async fn slow_request_body_holds_no_permit() {
    let settings = "[overload]\nmax_concurrent = 1\nmax_queued = 0\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    let token = format!("Bearer {}", app.tenant("acme").token().unwrap());
    let body = r#"{"email":"slow@acme.example","role":"viewer"}"#;
    let mut slow = std::net::TcpStream::connect(app.address).unwrap();
    let head = app.head(
        "POST /api/acme/admin/users",
        &[
            ("Authorization", &token),
            ("Content-Type", "application/json"),
            ("Content-Length", &body.len().to_string()),
            ("Expect", "100-continue"),
        ],
    );
    slow.write_all(&head).unwrap();
    // The request is admitted, and its body is awaited.
    let mut interim = [0; 25];
    slow.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    app.wait_for_metric(IN_FLIGHT, 0).await;
    assert_eq!(app.tenant("globex").get("/api/globex/admin/users").await.status, 200);
    // With its body complete, the request takes a permit again.
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    app.wait_for_metric(IN_FLIGHT, 0).await;
}
