//! CORS headers and preflight requests.

use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::directory::{FailingDirectory, Failure};
use super::{LISTS, assert_error};
use crate::support::{Answer, App, AppOptions};

const ORIGIN: &str = "https://admin.example.com";

async fn start_with_origin() -> App {
    let http = "cors_origins = [\"https://admin.example.com\"]";
    App::start_with(AppOptions { http, ..AppOptions::default() }).await
}

fn cors_headers(response: &Answer) -> Vec<(String, String)> {
    let headers =
        response.headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn cors_headers_are_absent_without_configured_origins() {
    let app = App::start().await;
    for path in LISTS {
        let client = app.operator().header("origin", ORIGIN);
        let response = client.get(path).await;
        assert_eq!((response.status.as_u16(), cors_headers(&response)), (200, vec![]));
        let preflight = client.header("access-control-request-method", "GET");
        let response = preflight.call(Method::OPTIONS, path, None).await;
        assert_error(path, &response, "405 method_not_allowed");
        assert_eq!(cors_headers(&response), []);
    }
}

#[tokio::test]
async fn configured_origin_can_read_responses_and_errors() {
    let app = start_with_origin().await;
    for (path, outcome) in [
        (LISTS[0], "200"),
        (LISTS[1], "200"),
        ("/api/acme/admin/users/auth0%7Cunknown", "404 user_not_found"),
        ("/api/v1/users/auth0%7Cunknown", "404 user_not_found"),
        ("/api/v1/users", "400 malformed_request"),
        ("/nothing", "404 not_found"),
    ] {
        let response = app.operator().header("origin", ORIGIN).get(path).await;
        assert_eq!(response.outcome(), outcome, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
        assert_eq!(response.header("access-control-allow-credentials"), None, "{path}");
        let exposed = response.header("access-control-expose-headers").unwrap().to_lowercase();
        let exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
        for header in
            ["location", "link", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"]
        {
            assert!(exposed.contains(&header), "{path}: {exposed:?}");
        }
        assert!(response.header("vary").unwrap().to_lowercase().contains("origin"), "{response:?}");

        let response = app.anonymous().header("origin", ORIGIN).get(path).await;
        assert_error(path, &response, &response.outcome());
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
        let response =
            app.anonymous().header("origin", ORIGIN).call(Method::TRACE, path, None).await;
        assert_error(path, &response, &response.outcome());
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
    }
}

#[tokio::test]
async fn preflight_from_configured_origin_succeeds() {
    let app = start_with_origin().await;
    for path in ["/api/acme/admin/users/x", "/api/v1/users/x", "/api/v2/users/x/change-password"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let response = app
                .anonymous()
                .header("origin", ORIGIN)
                .header("access-control-request-method", method)
                .header(
                    "access-control-request-headers",
                    "authorization, content-type, x-request-id, traceparent, tracestate, \
                     baggage, idempotency-key, if-match, if-none-match",
                )
                .call(Method::OPTIONS, path, None)
                .await;
            assert!(response.status.is_success(), "{method} {path}: {response:?}");
            assert_eq!(
                response.header("access-control-allow-origin"),
                Some(ORIGIN),
                "{response:?}"
            );
            let methods = response.header("access-control-allow-methods").unwrap();
            assert!(methods.contains(method), "{methods}");
            let headers = response.header("access-control-allow-headers").unwrap().to_lowercase();
            assert!(headers.contains("authorization"), "{headers}");
            assert_eq!(response.header("access-control-allow-credentials"), None, "{response:?}");
            assert!(response.header("x-request-id").is_some(), "{response:?}");
        }
    }
}

#[tokio::test]
async fn other_origins_get_no_cors_headers() {
    let app = start_with_origin().await;
    for path in LISTS {
        for origin in [
            "https://other.example.com",
            "http://admin.example.com",
            "https://admin.example.com:8443",
            "https://admin.example.com.other.example",
            "https://admin.example.com/",
            "https://xadmin.example.com",
            "http://localhost:5173",
            "http://127.0.0.1:8080",
            "null",
            "*",
        ] {
            let response = app.operator().header("origin", origin).get(path).await;
            assert_eq!(
                response.header("access-control-allow-origin"),
                None,
                "{origin}: {response:?}"
            );
            let response = app
                .anonymous()
                .header("origin", origin)
                .header("access-control-request-method", "PUT")
                .call(Method::OPTIONS, path, None)
                .await;
            assert_eq!(
                response.header("access-control-allow-origin"),
                None,
                "{origin}: {response:?}"
            );
            assert_error(path, &response, &response.outcome());
        }
        // Requests without an origin are served as usual.
        let response = app.operator().get(path).await;
        assert_eq!(
            (response.status.as_u16(), response.header("access-control-allow-origin")),
            (200, None)
        );
    }
}

/// Asserts that a browser application at [`ORIGIN`] can read this error.
#[track_caller]
fn assert_readable(path: &str, response: &Answer, outcome: &str) {
    assert_error(path, response, outcome);
    let single = |name: &str| {
        let values: Vec<_> = response.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}: {response:?}");
        values[0].to_str().unwrap().to_lowercase()
    };
    assert_eq!(single("access-control-allow-origin"), ORIGIN);
    assert!(single("access-control-expose-headers").contains("retry-after"), "{response:?}");
    assert!(single("vary").contains("origin"), "{response:?}");
}

#[tokio::test]
async fn errors_before_the_handler_have_cors_headers() {
    let http = "cors_origins = [\"https://admin.example.com\"]\nmax_body_bytes = 100";
    let app = App::start_with(AppOptions { http, ..AppOptions::default() }).await;
    for path in ["/api/acme/admin/users", "/api/v1/users"] {
        let client = app.operator().header("origin", ORIGIN);
        let long = format!("{path}?x={}", "y".repeat(9000));
        assert_readable(path, &client.get(&long).await, "414 uri_too_long");
        let large = client.clone().header("x", "y".repeat(40_000));
        assert_readable(path, &large.get(path).await, "431 headers_too_large");
        let response = client.post(path, json!({"email": "x".repeat(100)})).await;
        assert_readable(path, &response, "413 payload_too_large");
        let response = client.send(Method::POST, path, Some(("text/plain", b"x".to_vec()))).await;
        assert_readable(path, &response, "415 unsupported_media_type");
        // Another origin cannot read them.
        let other = app.operator().header("origin", "https://other.example.com");
        assert_eq!(other.get(&long).await.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn slow_body_error_has_cors_headers() {
    let http = "cors_origins = [\"https://admin.example.com\"]\nrequest_timeout_ms = 200";
    let app = App::start_with(AppOptions { http, ..AppOptions::default() }).await;
    let token = format!("Bearer {}", app.operator().token().unwrap());
    for path in ["/api/acme/admin/users", "/api/v1/users"] {
        let headers = [
            ("Authorization", token.as_str()),
            ("Origin", ORIGIN),
            ("Content-Type", "application/json"),
            ("Content-Length", "10"),
        ];
        let mut request = app.head(&format!("POST {path}"), &headers);
        request.extend_from_slice(b"{");
        assert_readable(path, &app.exchange(&request), "408 request_timeout");
    }
}

#[tokio::test]
async fn panic_and_timeout_have_cors_headers() {
    for (failure, outcome, http) in [
        (Failure::Panic, "500 internal_error", "cors_origins = [\"https://admin.example.com\"]"),
        (
            Failure::NoResponse,
            "504 directory_timeout",
            "cors_origins = [\"https://admin.example.com\"]\nrequest_timeout_ms = 100",
        ),
    ] {
        let directory = Some(Arc::new(FailingDirectory(failure)) as _);
        let app = App::start_with(AppOptions { http, directory, ..AppOptions::default() }).await;
        for path in LISTS {
            let response = app.operator().header("origin", ORIGIN).get(path).await;
            assert_readable(path, &response, outcome);
        }
    }
}
