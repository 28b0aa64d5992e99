//! The `RateLimit` headers of answers.

use reqwest::Method;
use serde_json::json;

use super::{MIA_CHANGE_PASSWORD, acme_user_path, app_with_limits, empty_update, password_change};
use crate::support::{Answer, App, AppOptions};

fn ratelimit_headers(answer: &Answer) -> [Option<&str>; 2] {
    [answer.header("ratelimit-policy"), answer.header("ratelimit")]
}

#[tokio::test]
async fn success_reports_remaining_quota() {
    let app = app_with_limits("writes_per_minute = 120\nreads_per_minute = 7").await;
    let client = app.tenant("acme");
    let success = client.put(&acme_user_path("mia"), empty_update()).await;
    let policy = "\"writes\";q=120;w=60";
    assert_eq!(ratelimit_headers(&success), [Some(policy), Some("\"writes\";r=119;t=1")]);
    for _ in 0..9 {
        client.put(&acme_user_path("mia"), empty_update()).await;
    }
    let success = client.delete(&acme_user_path("mia")).await;
    assert_eq!(success.outcome(), "204");
    assert_eq!(ratelimit_headers(&success), [Some(policy), Some("\"writes\";r=109;t=6")]);
    let success = client.get("/api/v1/users?filter[tenant]=acme").await;
    assert_eq!(
        ratelimit_headers(&success),
        [Some("\"reads\";q=7;w=60"), Some("\"reads\";r=6;t=9")]
    );
}

#[tokio::test]
async fn every_consumed_quota_is_reported() {
    let app = app_with_limits("writes_per_minute = 60\npassword_checks_per_minute = 3").await;
    let client = app.tenant("acme");
    let change = || password_change("mias-password", "mias-password");
    let policy = "\"writes\";q=60;w=60, \"password-checks\";q=3;w=60";
    let success = client.patch(MIA_CHANGE_PASSWORD, change()).await;
    let remaining = "\"writes\";r=59;t=1, \"password-checks\";r=2;t=20";
    assert_eq!(ratelimit_headers(&success), [Some(policy), Some(remaining)]);
    client.patch(MIA_CHANGE_PASSWORD, change()).await;
    client.patch(MIA_CHANGE_PASSWORD, change()).await;
    let refused = client.patch(MIA_CHANGE_PASSWORD, change()).await;
    assert_eq!(refused.outcome(), "429 too_many_requests");
    // The rejected request reports the remaining quota and its reset.
    let remaining = "\"writes\";r=56;t=4, \"password-checks\";r=0;t=20";
    assert_eq!(ratelimit_headers(&refused), [Some(policy), Some(remaining)]);
    assert_eq!(refused.header("retry-after"), Some("20"));
}

#[tokio::test]
async fn retry_after_is_the_longest_reset() {
    let app = app_with_limits("writes_per_minute = 1\npassword_checks_per_minute = 1").await;
    let client = app.tenant("acme");
    client.put(&acme_user_path("mia"), empty_update()).await;
    let refused =
        client.patch(MIA_CHANGE_PASSWORD, password_change("wrong", "another-password")).await;
    assert_eq!(refused.header("retry-after"), Some("60"));
    let remaining = "\"writes\";r=0;t=60, \"password-checks\";r=0;t=60";
    assert_eq!(refused.header("ratelimit"), Some(remaining));
}

#[tokio::test]
async fn refusal_carries_no_ratelimit_headers() {
    let app = app_with_limits("writes_per_minute = 999\nreads_per_minute = 999").await;
    let client = app.tenant("acme");
    for (method, path, body, outcome) in [
        (Method::GET, acme_user_path("gina"), None, "404 user_not_found"),
        (Method::GET, acme_user_path("nobody"), None, "404 user_not_found"),
        (Method::PUT, acme_user_path("gina"), Some(empty_update()), "404 user_not_found"),
        (Method::GET, "/api/globex/admin/users".to_owned(), None, "403 tenant_forbidden"),
        (Method::PUT, acme_user_path("mia"), Some(json!([])), "400 malformed_request"),
        (Method::PUT, acme_user_path("mia"), Some(json!({"role": "x"})), "422 unknown_role"),
        (Method::POST, acme_user_path("mia"), None, "405 method_not_allowed"),
    ] {
        let answer = client.call(method, &path, body).await;
        assert_eq!(
            (&*answer.outcome(), ratelimit_headers(&answer)),
            (outcome, [None, None]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn wrong_password_lockout_carries_no_ratelimit_headers() {
    let limits = Some("writes_per_minute = 60\npassword_checks_per_minute = 60");
    let settings = "[passwords]\nmax_wrong = 1";
    let app = App::start_with(AppOptions { limits, settings, ..AppOptions::default() }).await;
    let client = app.tenant("acme");
    client.patch(MIA_CHANGE_PASSWORD, password_change("wrong", "another-password")).await;
    let answer =
        client.patch(MIA_CHANGE_PASSWORD, password_change("wrong", "another-password")).await;
    assert_eq!(answer.outcome(), "429 too_many_attempts");
    assert_eq!(
        (answer.header("retry-after"), ratelimit_headers(&answer)),
        (Some("900"), [None, None])
    );
}

#[tokio::test]
async fn disabled_limits_send_no_ratelimit_headers() {
    let app = app_with_limits("writes_per_minute = 0\npassword_checks_per_minute = 0").await;
    let success = app.tenant("acme").put(&acme_user_path("mia"), empty_update()).await;
    assert_eq!((&*success.outcome(), ratelimit_headers(&success)), ("200", [None, None]));
}

#[tokio::test]
async fn default_settings_limit_every_kind_of_request() {
    let app = app_with_limits("").await;
    let client = app.tenant("acme");
    let success =
        client.patch(MIA_CHANGE_PASSWORD, password_change("mias-password", "mias-password")).await;
    let policy = "\"writes\";q=1200;w=60, \"password-checks\";q=120;w=60";
    assert_eq!(success.header("ratelimit-policy"), Some(policy));
    let success = client.get(&acme_user_path("mia")).await;
    assert_eq!(success.header("ratelimit-policy"), Some("\"reads\";q=6000;w=60"));
}
