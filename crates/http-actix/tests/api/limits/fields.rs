//! What answers say of a budget.

use reqwest::Method;
use serde_json::json;

use super::{MIAS_PASSWORD, in_acme, no_change, passwords, with_limits};
use crate::support::{Answer, App, AppOptions};

fn fields(answer: &Answer) -> [Option<&str>; 2] {
    [answer.header("ratelimit-policy"), answer.header("ratelimit")]
}

#[tokio::test]
async fn success_reports_remaining_quota() {
    let app = with_limits("writes_per_minute = 120\nreads_per_minute = 7").await;
    let client = app.tenant("acme");
    let done = client.put(&in_acme("mia"), no_change()).await;
    let policy = "\"writes\";q=120;w=60";
    assert_eq!(fields(&done), [Some(policy), Some("\"writes\";r=119;t=1")]);
    for _ in 0..9 {
        client.put(&in_acme("mia"), no_change()).await;
    }
    let done = client.delete(&in_acme("mia")).await;
    assert_eq!(done.outcome(), "204");
    assert_eq!(fields(&done), [Some(policy), Some("\"writes\";r=109;t=6")]);
    let done = client.get("/api/v1/users?filter[tenant]=acme").await;
    assert_eq!(fields(&done), [Some("\"reads\";q=7;w=60"), Some("\"reads\";r=6;t=9")]);
}

#[tokio::test]
async fn every_consumed_quota_is_reported() {
    let app = with_limits("writes_per_minute = 60\npassword_checks_per_minute = 3").await;
    let client = app.tenant("acme");
    let change = || passwords("mias-password", "mias-password");
    let policy = "\"writes\";q=60;w=60, \"password-checks\";q=3;w=60";
    let done = client.patch(MIAS_PASSWORD, change()).await;
    let left = "\"writes\";r=59;t=1, \"password-checks\";r=2;t=20";
    assert_eq!(fields(&done), [Some(policy), Some(left)]);
    client.patch(MIAS_PASSWORD, change()).await;
    client.patch(MIAS_PASSWORD, change()).await;
    let refused = client.patch(MIAS_PASSWORD, change()).await;
    assert_eq!(refused.outcome(), "429 too_many_requests");
    // What is left comes with the moment when to come again.
    let left = "\"writes\";r=56;t=4, \"password-checks\";r=0;t=20";
    assert_eq!(fields(&refused), [Some(policy), Some(left)]);
    assert_eq!(refused.header("retry-after"), Some("20"));
}

#[tokio::test]
async fn retry_after_is_the_longest_reset() {
    let app = with_limits("writes_per_minute = 1\npassword_checks_per_minute = 1").await;
    let client = app.tenant("acme");
    client.put(&in_acme("mia"), no_change()).await;
    let refused = client.patch(MIAS_PASSWORD, passwords("wrong", "another-password")).await;
    assert_eq!(refused.header("retry-after"), Some("60"));
    let left = "\"writes\";r=0;t=60, \"password-checks\";r=0;t=60";
    assert_eq!(refused.header("ratelimit"), Some(left));
}

#[tokio::test]
async fn refusal_carries_no_ratelimit_headers() {
    let app = with_limits("writes_per_minute = 999\nreads_per_minute = 999").await;
    let client = app.tenant("acme");
    for (method, path, body, outcome) in [
        (Method::GET, in_acme("gina"), None, "404 user_not_found"),
        (Method::GET, in_acme("nobody"), None, "404 user_not_found"),
        (Method::PUT, in_acme("gina"), Some(no_change()), "404 user_not_found"),
        (Method::GET, "/api/globex/admin/users".to_owned(), None, "403 tenant_forbidden"),
        (Method::PUT, in_acme("mia"), Some(json!([])), "400 malformed_request"),
        (Method::PUT, in_acme("mia"), Some(json!({"role": "x"})), "422 unknown_role"),
        (Method::POST, in_acme("mia"), None, "405 method_not_allowed"),
    ] {
        let answer = client.call(method, &path, body).await;
        assert_eq!((&*answer.outcome(), fields(&answer)), (outcome, [None, None]), "{path}");
    }
}

#[tokio::test]
async fn wrong_password_lockout_carries_no_ratelimit_headers() {
    let limits = Some("writes_per_minute = 60\npassword_checks_per_minute = 60");
    let settings = "[passwords]\nmax_wrong = 1";
    let app = App::start_with(AppOptions { limits, settings, ..AppOptions::default() }).await;
    let client = app.tenant("acme");
    client.patch(MIAS_PASSWORD, passwords("wrong", "another-password")).await;
    let answer = client.patch(MIAS_PASSWORD, passwords("wrong", "another-password")).await;
    assert_eq!(answer.outcome(), "429 too_many_attempts");
    assert_eq!((answer.header("retry-after"), fields(&answer)), (Some("900"), [None, None]));
}

#[tokio::test]
async fn disabled_limits_send_no_ratelimit_headers() {
    let app = with_limits("writes_per_minute = 0\npassword_checks_per_minute = 0").await;
    let done = app.tenant("acme").put(&in_acme("mia"), no_change()).await;
    assert_eq!((&*done.outcome(), fields(&done)), ("200", [None, None]));
}

#[tokio::test]
async fn default_settings_limit_writes_and_password_checks() {
    let app = with_limits("").await;
    let client = app.tenant("acme");
    let done = client.patch(MIAS_PASSWORD, passwords("mias-password", "mias-password")).await;
    let policy = "\"writes\";q=1200;w=60, \"password-checks\";q=120;w=60";
    assert_eq!(done.header("ratelimit-policy"), Some(policy));
    assert_eq!(fields(&client.get(&in_acme("mia")).await), [None, None]);
}
