//! The rate limit is checked after the token and before everything else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RATE_LIMITED, acme_user_path, app_with_limits, empty_update};
use crate::support::{App, Client};

/// A refused write: caller, method, path, body and outcome.
type RefusedWrite = (fn(&App) -> Client<'_>, Method, &'static str, Option<Value>, &'static str);

fn refused_writes() -> Vec<RefusedWrite> {
    const MIA: &str = "/api/acme/admin/users/auth0%7Cmia";
    let change = || Some(empty_update());
    vec![
        (
            |app| app.tenant_with("acme", &[]),
            Method::PUT,
            MIA,
            change(),
            "403 insufficient_permission",
        ),
        (|app| app.member("mia"), Method::PUT, MIA, change(), "403 insufficient_permission"),
        (|app| app.tenant("globex"), Method::PUT, MIA, change(), "403 tenant_forbidden"),
        (
            |app| app.tenant("acme"),
            Method::PUT,
            "/api/acme/admin/users/auth0%7Cgina",
            change(),
            "404 user_not_found",
        ),
        (
            |app| app.tenant("acme"),
            Method::DELETE,
            "/api/v1/users/auth0%7Cnobody",
            None,
            "404 user_not_found",
        ),
        (
            |app| app.tenant("acme"),
            Method::DELETE,
            "/api/v1/users/auth0%7Cgus",
            None,
            "403 managed_by_another_tenant",
        ),
        (
            |app| app.tenant("acme"),
            Method::PUT,
            "/api/acme/admin/users/auth0%7Colga",
            Some(json!({"role": "member"})),
            "409 last_protected_role_holder",
        ),
        (
            |app| app.tenant("acme"),
            Method::PUT,
            MIA,
            Some(json!({"role": "emperor"})),
            "422 unknown_role",
        ),
        (|app| app.tenant("acme"), Method::PUT, MIA, Some(json!([])), "400 malformed_request"),
        (
            |app| app.tenant("acme"),
            Method::PUT,
            "/api/acme/admin/users/auth0%7Cmia?unknown=1",
            change(),
            "400 unknown_parameter",
        ),
        (
            |app| app.tenant("acme").header("accept", "text/html"),
            Method::PUT,
            MIA,
            change(),
            "406 not_acceptable",
        ),
        (
            |app| app.tenant("acme").header("content-encoding", "gzip"),
            Method::PUT,
            MIA,
            change(),
            "415 unsupported_media_type",
        ),
    ]
}

#[tokio::test]
async fn rate_limit_applies_before_all_other_checks() {
    for (caller, method, path, body, outcome) in refused_writes() {
        let app = app_with_limits("writes_per_minute = 1").await;
        let client = caller(&app);
        let first = client.call(method.clone(), path, body.clone()).await;
        assert_eq!(first.outcome(), outcome, "{method} {path}");
        let second = client.call(method.clone(), path, body).await;
        assert_eq!(second.outcome(), RATE_LIMITED, "{method} {path} after {outcome}");
    }
}

#[tokio::test]
async fn unauthenticated_request_consumes_no_quota() {
    let app = app_with_limits("writes_per_minute = 1\nreads_per_minute = 1").await;
    for _ in 0..3 {
        for (client, outcome) in
            [(app.anonymous(), "401 missing_token"), (app.bearer("x.y.z"), "401 invalid_token")]
        {
            let answer = client.put(&acme_user_path("mia"), empty_update()).await;
            assert_eq!(answer.outcome(), outcome);
            assert_eq!(answer.header("ratelimit"), None);
        }
    }
    assert_eq!(
        app.tenant("acme").put(&acme_user_path("mia"), empty_update()).await.outcome(),
        "200"
    );
}

#[tokio::test]
async fn unrouted_request_consumes_no_quota() {
    let app = app_with_limits("writes_per_minute = 1\nreads_per_minute = 1").await;
    let client = app.tenant("acme");
    for _ in 0..3 {
        assert_eq!(client.get("/nothing").await.outcome(), "404 not_found");
        let answer = client.post(&acme_user_path("mia"), json!({})).await;
        assert_eq!(answer.outcome(), "405 method_not_allowed");
        assert_eq!(client.get("/health/live").await.outcome(), "200");
    }
    assert_eq!(client.put(&acme_user_path("mia"), empty_update()).await.outcome(), "200");
}
