//! When keys are fetched, and which key verifies a token.

use std::time::Duration;

use serde_json::json;

use super::{
    UNKNOWN_KEY, call_and_await_fetch, outcome, start_observed, token_signed_by,
    token_with_unknown_key,
};
use crate::support::{ALL_PERMISSIONS, App, AppOptions, SigningKey};
use crate::tokens::{
    LIST, assert_fetches, assert_rejected, header, issuer_of, signed_token, valid_claims,
};

#[tokio::test]
async fn keys_are_fetched_once_on_first_use() {
    let app = App::start().await;
    assert_fetches(&app, 0);
    for n in 0..5 {
        let token = signed_token(&header(), valid_claims(&app).with("n", json!(n)).json());
        assert_eq!(outcome(&app, &token).await, "200");
        assert_eq!(outcome(&app, &token).await, "200");
        assert_fetches(&app, 1);
    }
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 0);
}

#[tokio::test]
async fn concurrent_requests_share_one_key_fetch() {
    let app = App::start().await;
    let tokens: Vec<String> = (0..20)
        .map(|n| signed_token(&header(), valid_claims(&app).with("n", json!(n)).json()))
        .collect();
    let calls = tokens.iter().map(async |token| outcome(&app, token).await);
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|outcome| outcome == "200"), "{outcomes:?}");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn unknown_keys_cost_one_fetch_per_cooldown() {
    let app = App::start().await;
    for n in 0..10 {
        assert_rejected(&app, &token_with_unknown_key(&app, &format!("flood-{n}")), UNKNOWN_KEY)
            .await;
    }
    // The first fetch, and one for the unknown key.
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(29_999));
    assert_rejected(&app, &token_with_unknown_key(&app, "later"), UNKNOWN_KEY).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(1));
    for n in 0..10 {
        assert_rejected(&app, &token_with_unknown_key(&app, &format!("again-{n}")), UNKNOWN_KEY)
            .await;
    }
    assert_fetches(&app, 3);
    // Valid tokens and other issuers are not affected.
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
    assert_eq!(app.tenant("globex").get("/api/globex/admin/users").await.outcome(), "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn unknown_tenant_flood_does_not_delay_other_tenants() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
    let calls = (0..200).map(async |n| {
        let claims = app.claims(&issuer_of(&format!("made-up-{n}"))).permissions(&ALL_PERMISSIONS);
        app.bearer(claims.sign(&SigningKey::shared())).get(LIST).await.outcome()
    });
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|it| it == "401 invalid_token"), "{outcomes:?}");
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn token_without_kid_requires_a_single_key() {
    let (app, mut fetches) = start_observed().await;
    let mut key_without_kid = SigningKey::shared();
    key_without_kid.kid = None;
    let token = token_signed_by(&app, &key_without_kid);
    assert_eq!(outcome(&app, &token).await, "200");
    let other = SigningKey::ed25519("other");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), other.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &mut fetches, &token, 2).await;
    // A new token, since the cached one still matches a published key.
    let token = token_signed_by(&app, &key_without_kid);
    assert_rejected(&app, &token, "the token does not say which key signed it").await;
    // Keys of another type cannot have signed and do not count.
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), rsa.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &mut fetches, &token_signed_by(&app, &SigningKey::shared()), 3)
        .await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &key_without_kid)).await, "200");
}

#[tokio::test]
async fn key_is_not_used_for_another_algorithm() {
    let app = App::start().await;
    let mut public = SigningKey::shared().public();
    public.algorithm = Some("RS256".to_owned());
    app.keys.publish(&issuer_of("acme"), vec![public]);
    let token = token_signed_by(&app, &SigningKey::shared());
    assert_rejected(&app, &token, "the key of the token does not fit its algorithm").await;
}

#[tokio::test]
async fn key_cache_times_are_configurable() {
    // The `[auth]` section may follow its issuers.
    let settings = "[auth]\nkey_cooldown_ms = 1000\nkey_refresh_ms = 2000\nkey_stale_ms = 3000\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    assert_rejected(&app, &token_with_unknown_key(&app, "a"), UNKNOWN_KEY).await;
    assert_rejected(&app, &token_with_unknown_key(&app, "b"), UNKNOWN_KEY).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_rejected(&app, &token_with_unknown_key(&app, "c"), UNKNOWN_KEY).await;
    assert_fetches(&app, 3);
    app.keys.set_failing(&issuer_of("acme"), true);
    app.clock.advance(Duration::from_millis(2_999));
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await, "200");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        outcome(&app, &token_signed_by(&app, &SigningKey::shared())).await,
        "503 keys_unavailable"
    );
}
