//! Failing and unresponsive key sources: stale keys, backoff and 503 responses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use serde_json::json;

use super::{outcome, token_signed_by};
use crate::support::{Answer, App, AppOptions, SigningKey};
use crate::tokens::{LIST, USERS, assert_fetches, assert_rejected, issuer_of, valid_claims};

const HOUR: Duration = Duration::from_hours(1);

/// Asserts that keys are unavailable, with this `Retry-After`.
async fn assert_unavailable(app: &App, token: &str, retry_after: &str) -> Answer {
    for path in [LIST, USERS] {
        let response = app.bearer(token).get(path).await;
        assert_eq!(response.outcome(), "503 keys_unavailable");
        assert_eq!(response.header("retry-after"), Some(retry_after));
        assert_eq!(response.header("www-authenticate"), None);
    }
    app.bearer(token).get(LIST).await
}

#[tokio::test]
async fn stale_keys_serve_one_hour_while_fetches_fail() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    for _ in 0..11 {
        app.clock.advance(Duration::from_mins(5));
        // A new token each time, so that no cached verification is used.
        let token = token_signed_by(&app, &SigningKey::shared());
        assert_eq!(outcome(&app, &token).await, "200");
        assert_eq!(outcome(&app, &token).await, "200");
    }
    app.clock.advance(Duration::from_millis(299_999));
    let token = token_signed_by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    // After one hour, cached tokens are refused too.
    app.clock.advance(Duration::from_millis(1));
    let response = app.bearer(&token).get(LIST).await;
    assert_eq!(response.outcome(), "503 keys_unavailable");
    assert!(response.header("retry-after").is_some());
    // Tokens are accepted again once the issuer recovers and the cooldown is over.
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
}

#[tokio::test]
async fn unknown_key_is_503_while_fetches_fail() {
    let app = App::start().await;
    let known_token = token_signed_by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &known_token).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    let new = SigningKey::ed25519("new");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), new.public()]);
    let token = token_signed_by(&app, &new);
    assert_unavailable(&app, &token, "30").await;
    assert_fetches(&app, 2);
    assert_eq!(outcome(&app, &known_token).await, "200");
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn failing_first_fetch_backs_off_exponentially() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let token = token_signed_by(&app, &SigningKey::shared());
    let mut fetches = 0;
    for backoff in [1, 2, 4, 8, 16, 30, 30, 30] {
        fetches += 1;
        let response = assert_unavailable(&app, &token, &backoff.to_string()).await;
        assert!(!response.text.contains("central-manager"), "the response names the issuer");
        assert_fetches(&app, fetches);
        app.clock.advance(Duration::from_millis(backoff * 1000 - 1));
        assert_unavailable(&app, &token, "1").await;
        assert_fetches(&app, fetches);
        app.clock.advance(Duration::from_millis(1));
    }
    app.keys.set_failing(&issuer_of("acme"), false);
    assert_eq!(outcome(&app, &token).await, "200");
    // After a success, the backoff starts at one second again.
    app.keys.set_failing(&issuer_of("acme"), true);
    app.clock.advance(HOUR);
    assert_unavailable(&app, &token_signed_by(&app, &SigningKey::shared()), "1").await;
}

#[tokio::test]
async fn invalid_tokens_are_rejected_while_fetches_fail() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let expired = valid_claims(&app).with("exp", json!(1)).sign(&SigningKey::shared());
    assert_rejected(&app, &expired, "the token has expired").await;
    let other = valid_claims(&app).with("aud", json!("other")).sign(&SigningKey::shared());
    assert_rejected(&app, &other, "the token is for another audience").await;
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn failing_issuer_does_not_affect_other_issuers() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    assert_unavailable(&app, &token_signed_by(&app, &SigningKey::shared()), "1").await;
    let globex = app.tenant("globex").get("/api/globex/admin/users").await;
    assert_eq!(globex.outcome(), "200");
    assert_eq!(app.operator().get(LIST).await.outcome(), "200");
}

/// A key source that never responds.
#[derive(Debug)]
struct UnresponsiveSource;

#[async_trait]
impl KeySource for UnresponsiveSource {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn unresponsive_issuer_is_503_keys_unavailable() {
    let options = AppOptions {
        http: "request_timeout_ms = 1000",
        keys: Some(Arc::new(UnresponsiveSource)),
        ..AppOptions::default()
    };
    let app = App::start_with(options).await;
    let token = token_signed_by(&app, &SigningKey::shared());
    assert_unavailable(&app, &token, "1").await;
}
