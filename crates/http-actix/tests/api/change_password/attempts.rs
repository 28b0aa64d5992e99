//! The limit on failed attempts to change a password.

use std::time::Duration;

use super::{MISMATCH, passwords, user_client, v2_path};
use crate::support::{Answer, App, AppOptions, Client};

const TOO_MANY_ATTEMPTS: &str = "429 too_many_attempts";

/// Submits this password as the current one and as the new one.
async fn submit_password(client: &Client<'_>, name: &str, password: &str) -> Answer {
    client.patch(&v2_path(name), passwords(password, password)).await
}

/// Submits a wrong current password this many times.
async fn fail_attempts(client: &Client<'_>, name: &str, times: usize) {
    for _ in 0..times {
        let response = client.patch(&v2_path(name), passwords("wrong", "another-password")).await;
        assert_eq!(response.outcome(), MISMATCH);
    }
}

/// Options that make the service trust `X-Forwarded-For` of local proxies.
fn with_trusted_proxy() -> AppOptions {
    AppOptions { http: "trusted_proxies = [\"127.0.0.0/8\"]", ..AppOptions::default() }
}

#[tokio::test]
async fn eleventh_attempt_is_refused_even_with_correct_password() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 10).await;

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn correct_password_is_accepted_after_nine_failures() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 9).await;

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn too_many_attempts_sets_retry_after() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 1).await;
    app.clock.advance(Duration::from_mins(5));
    fail_attempts(&mia, "mia", 9).await;

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.header("retry-after"), Some("600"));
}

#[tokio::test]
async fn failed_attempt_expires_after_fifteen_minutes() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 10).await;

    app.clock.advance(Duration::from_millis(15 * 60_000 - 1));
    let before = submit_password(&mia, "mia", "mias-password").await;
    app.clock.advance(Duration::from_millis(1));
    let after = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!([before.outcome(), after.outcome()], [TOO_MANY_ATTEMPTS, "200"]);
    assert_eq!(before.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn attempt_window_is_sliding() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 1).await;
    app.clock.advance(Duration::from_mins(10));
    fail_attempts(&mia, "mia", 9).await;
    app.clock.advance(Duration::from_mins(5));
    fail_attempts(&mia, "mia", 1).await;

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), TOO_MANY_ATTEMPTS);
    assert_eq!(response.header("retry-after"), Some("600"));
}

#[tokio::test]
async fn refused_attempts_do_not_extend_the_lockout() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 10).await;
    app.clock.advance(Duration::from_mins(14));
    for _ in 0..3 {
        assert_eq!(
            submit_password(&mia, "mia", "mias-password").await.outcome(),
            TOO_MANY_ATTEMPTS
        );
    }
    app.clock.advance(Duration::from_mins(1));

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn successful_change_resets_failed_attempts() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia, "mia", 9).await;
    assert_eq!(submit_password(&mia, "mia", "mias-password").await.outcome(), "200");

    fail_attempts(&mia, "mia", 9).await;
    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn failed_attempts_are_counted_per_user() {
    let app = App::start().await;
    fail_attempts(&user_client(&app, "acme", "mia"), "mia", 10).await;

    let response =
        submit_password(&user_client(&app, "acme", "adam"), "adam", "adams-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn callers_have_attempt_counts_of_their_own() {
    let app = App::start().await;
    fail_attempts(&user_client(&app, "acme", "mia"), "mia", 10).await;

    let response = submit_password(&app.tenant("acme"), "mia", "mias-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn attempts_of_all_callers_are_limited_per_user() {
    let app = App::start().await;
    for caller in [app.tenant("acme"), app.operator(), app.tenants(&["acme"])] {
        fail_attempts(&caller, "mia", 10).await;
    }

    let response = submit_password(&user_client(&app, "acme", "mia"), "mia", "mias-password").await;

    assert_eq!(response.outcome(), TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn failed_attempts_are_counted_whatever_the_client_address() {
    let app = App::start_with(with_trusted_proxy()).await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia.clone().header("x-forwarded-for", "198.51.100.1"), "mia", 10).await;

    let same = mia.clone().header("x-forwarded-for", "198.51.100.1");
    let other = mia.header("x-forwarded-for", "198.51.100.2");

    assert_eq!(submit_password(&same, "mia", "mias-password").await.outcome(), TOO_MANY_ATTEMPTS);
    assert_eq!(submit_password(&other, "mia", "mias-password").await.outcome(), TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn client_supplied_forwarded_addresses_are_ignored() {
    let app = App::start_with(with_trusted_proxy()).await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia.clone().header("x-forwarded-for", "6.6.6.6, 198.51.100.1"), "mia", 10).await;

    let same = mia.header("x-forwarded-for", "7.7.7.7, 198.51.100.1");

    assert_eq!(submit_password(&same, "mia", "mias-password").await.outcome(), TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn forwarded_address_is_ignored_without_trusted_proxy() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    fail_attempts(&mia.clone().header("x-forwarded-for", "198.51.100.1"), "mia", 10).await;

    let other = mia.header("x-forwarded-for", "198.51.100.2");

    assert_eq!(submit_password(&other, "mia", "mias-password").await.outcome(), TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn attempt_count_is_hidden_from_other_tenants() {
    let app = App::start().await;
    fail_attempts(&user_client(&app, "acme", "mia"), "mia", 10).await;
    let outsider = app.tenant("globex");

    let response = submit_password(&outsider, "mia", "mias-password").await;
    let unknown = submit_password(&outsider, "unknown", "mias-password").await;

    assert_eq!(response.outcome(), "404 user_not_found");
    assert_eq!(response.without_request_id(), unknown.without_request_id());
}

#[tokio::test]
async fn attempts_by_unauthorized_callers_are_not_counted() {
    let app = App::start().await;
    for caller in [app.tenant("acme"), app.tenant("initech")] {
        for _ in 0..10 {
            submit_password(&caller, "gus", "wrong").await;
        }
    }

    let response = submit_password(&app.tenant("globex"), "gus", "guss-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn attempt_with_invalid_new_password_is_not_counted() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    for _ in 0..10 {
        mia.patch(&v2_path("mia"), passwords("wrong", "")).await;
    }

    let response = submit_password(&mia, "mia", "mias-password").await;

    assert_eq!(response.outcome(), "200");
}

#[tokio::test]
async fn concurrent_attempts_do_not_exceed_the_limit() {
    let app = App::start().await;
    let mia = user_client(&app, "acme", "mia");
    let path = v2_path("mia");

    let attempts = (0..14).map(|_| mia.patch(&path, passwords("wrong", "another-password")));
    let responses = futures_util::future::join_all(attempts).await;

    let mismatches = responses.iter().filter(|response| response.outcome() == MISMATCH).count();
    // Five are admitted at once, further ones as those end.
    assert!((5..=10).contains(&mismatches), "{mismatches}");
    let refused = responses.iter().filter(|response| response.outcome() == TOO_MANY_ATTEMPTS);
    assert_eq!(refused.count(), responses.len() - mismatches);
}
