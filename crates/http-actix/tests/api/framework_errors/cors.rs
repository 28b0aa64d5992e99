//! What browsers of other origins are allowed.

use reqwest::Method;

use super::{LISTS, assert_error};
use crate::support::{Answer, App, AppOptions};

const ORIGIN: &str = "https://admin.example.com";

async fn with_origin() -> App {
    let http = "cors_origins = [\"https://admin.example.com\"]";
    App::start_with(AppOptions { http, ..AppOptions::default() }).await
}

fn allowed(answer: &Answer) -> Vec<(String, String)> {
    let headers =
        answer.headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn without_a_configured_origin_nothing_is_said_of_origins() {
    let app = App::start().await;
    for path in LISTS {
        let client = app.operator().header("origin", ORIGIN);
        let answer = client.get(path).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, vec![]));
        let preflight = client.header("access-control-request-method", "GET");
        let answer = preflight.call(Method::OPTIONS, path, None).await;
        assert_error(path, &answer, "405 method_not_allowed");
        assert_eq!(allowed(&answer), []);
    }
}

#[tokio::test]
async fn a_configured_origin_may_read_answers_and_errors() {
    let app = with_origin().await;
    for (path, outcome) in [
        (LISTS[0], "200"),
        (LISTS[1], "200"),
        ("/api/acme/admin/users/auth0%7Cnobody", "404 user_not_found"),
        ("/api/v1/users/auth0%7Cnobody", "404 user_not_found"),
        ("/api/v1/users", "400 malformed_request"),
        ("/nothing", "404 not_found"),
    ] {
        let answer = app.operator().header("origin", ORIGIN).get(path).await;
        assert_eq!(answer.outcome(), outcome, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
        let exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
        for header in
            ["location", "link", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"]
        {
            assert!(exposed.contains(&header), "{path}: {exposed:?}");
        }
        assert!(answer.header("vary").unwrap().to_lowercase().contains("origin"), "{answer:?}");

        let answer = app.anonymous().header("origin", ORIGIN).get(path).await;
        assert_error(path, &answer, &answer.outcome());
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
        let answer = app.anonymous().header("origin", ORIGIN).call(Method::TRACE, path, None).await;
        assert_error(path, &answer, &answer.outcome());
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{path}");
    }
}

#[tokio::test]
async fn a_configured_origin_may_ask_first() {
    let app = with_origin().await;
    for path in ["/api/acme/admin/users/x", "/api/v1/users/x", "/api/v2/users/x/change-password"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = app
                .anonymous()
                .header("origin", ORIGIN)
                .header("access-control-request-method", method)
                .header(
                    "access-control-request-headers",
                    "authorization, content-type, x-request-id",
                )
                .call(Method::OPTIONS, path, None)
                .await;
            assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{answer:?}");
            let methods = answer.header("access-control-allow-methods").unwrap();
            assert!(methods.contains(method), "{methods}");
            let headers = answer.header("access-control-allow-headers").unwrap().to_lowercase();
            assert!(headers.contains("authorization"), "{headers}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
            assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn other_origins_get_nothing() {
    let app = with_origin().await;
    for path in LISTS {
        for origin in [
            "https://other.example.com",
            "http://admin.example.com",
            "https://admin.example.com:8443",
            "https://admin.example.com.other.example",
            "https://admin.example.com/",
            "https://xadmin.example.com",
            "null",
            "*",
        ] {
            let answer = app.operator().header("origin", origin).get(path).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}: {answer:?}");
            let answer = app
                .anonymous()
                .header("origin", origin)
                .header("access-control-request-method", "PUT")
                .call(Method::OPTIONS, path, None)
                .await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}: {answer:?}");
            assert_error(path, &answer, &answer.outcome());
        }
        // Whoever is no browser sends no origin, and is served as ever.
        let answer = app.operator().get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("access-control-allow-origin")),
            (200, None)
        );
    }
}
