//! New, replaced, revoked and withdrawn keys.

use std::time::Duration;

use super::{
    UNKNOWN_KEY, call_and_await_fetch, outcome, start_observed, token_signed_by,
    token_with_unknown_key,
};
use crate::support::{App, SigningKey};
use crate::tokens::{assert_fetches, assert_rejected, issuer_of};

#[tokio::test]
async fn first_token_of_a_new_key_is_accepted() {
    let app = App::start().await;
    let (old, new) = (SigningKey::shared(), SigningKey::ed25519("new"));
    assert_eq!(outcome(&app, &token_signed_by(&app, &old)).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![old.public(), new.public()]);
    assert_eq!(outcome(&app, &token_signed_by(&app, &new)).await, "200");
    assert_eq!(outcome(&app, &token_signed_by(&app, &old)).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn rotation_within_cooldown_is_seen_afterwards() {
    let app = App::start().await;
    let new = SigningKey::ed25519("new");
    assert_rejected(&app, &token_with_unknown_key(&app, "flood"), UNKNOWN_KEY).await;
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    let token = token_signed_by(&app, &new);
    assert_rejected(&app, &token, UNKNOWN_KEY).await;
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn key_with_reused_kid_replaces_the_old_one() {
    let (app, mut fetches) = start_observed().await;
    let (old, new) = (SigningKey::shared(), SigningKey::ed25519("usual"));
    let (old_token, new_token) = (token_signed_by(&app, &old), token_signed_by(&app, &new));
    assert_eq!(outcome(&app, &old_token).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &mut fetches, &old_token, 2).await;
    assert_rejected(&app, &old_token, "the signature of the token is not valid").await;
    assert_eq!(outcome(&app, &new_token).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let (app, mut fetches) = start_observed().await;
    let token = token_signed_by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 1);
    app.clock.advance(Duration::from_millis(1));
    call_and_await_fetch(&app, &mut fetches, &token, 2).await;
    // The keys are fresh for another five minutes.
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn revoked_key_invalidates_accepted_tokens() {
    let (app, mut fetches) = start_observed().await;
    let token = token_signed_by(&app, &SigningKey::shared());
    for _ in 0..3 {
        assert_eq!(outcome(&app, &token).await, "200");
    }
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &mut fetches, &token, 2).await;
    assert_rejected(&app, &token, UNKNOWN_KEY).await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &next)).await, "200");
}

#[tokio::test]
async fn fetch_for_a_new_key_revokes_the_old_one() {
    let app = App::start().await;
    let old = token_signed_by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &old).await, "200");
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &token_signed_by(&app, &next)).await, "200");
    assert_rejected(&app, &old, UNKNOWN_KEY).await;
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn tokens_are_rejected_after_all_keys_are_withdrawn() {
    let (app, mut fetches) = start_observed().await;
    let token = token_signed_by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &mut fetches, &token, 2).await;
    assert_rejected(&app, &token, UNKNOWN_KEY).await;
}
