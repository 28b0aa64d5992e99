//! Keys that are new, gone, or not to be had: how often an issuer is asked, and what callers get
//! meanwhile.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{KeySetAddress, KeySource, KeySourceError, PublicKey};
use serde_json::json;

use super::{
    LIST, USERS, assert_fetches, assert_rejected, header, issuer_of, signed_token, valid_claims,
};
use crate::support::{Answer, App, EVERYTHING, SigningKey, Wishes};

const UNKNOWN: &str = "the key of the token is unknown";
const HOUR: Duration = Duration::from_hours(1);

/// A token signed by this key and valid from now.
fn token_signed_by(app: &App, key: &SigningKey) -> String {
    valid_claims(app).sign(key)
}

/// A token signed by an unpublished key.
fn token_with_unknown_key(app: &App, kid: &str) -> String {
    token_signed_by(app, &SigningKey::ed25519(kid))
}

async fn outcome(app: &App, token: &str) -> String {
    app.bearer(token).get(LIST).await.outcome()
}

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

/// Calls once, and waits for the fetch that this begins in the background.
///
/// A fetch from memory begins and ends in one go, and the service has one thread: whoever sees
/// that it was counted finds it ended with the next call.
async fn call_and_await_fetch(app: &App, token: &str, count: u64) {
    assert_eq!(outcome(app, token).await, "200", "the caller does not wait for the fetch");
    for _ in 0..10_000 {
        if app.keys.fetches(&issuer_of("acme")) >= count {
            break;
        }
        // Something that gives the service a turn and needs no key.
        app.anonymous().get("/health/live").await;
    }
    assert_fetches(app, count);
}

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
        assert_rejected(&app, &token_with_unknown_key(&app, &format!("flood-{n}")), UNKNOWN).await;
    }
    // The first fetch, and one for the unknown key.
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(29_999));
    assert_rejected(&app, &token_with_unknown_key(&app, "later"), UNKNOWN).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(1));
    for n in 0..10 {
        assert_rejected(&app, &token_with_unknown_key(&app, &format!("again-{n}")), UNKNOWN).await;
    }
    assert_fetches(&app, 3);
    // Valid tokens and other issuers are not affected.
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
    assert_eq!(app.tenant("globex").get("/api/globex/admin/users").await.outcome(), "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn first_token_of_a_new_key_is_accepted() {
    let app = App::start().await;
    let (old, new) = (SigningKey::usual(), SigningKey::ed25519("new"));
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
    assert_rejected(&app, &token_with_unknown_key(&app, "flood"), UNKNOWN).await;
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    let token = token_signed_by(&app, &new);
    assert_rejected(&app, &token, UNKNOWN).await;
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn key_with_reused_kid_replaces_the_old_one() {
    let app = App::start().await;
    let (old, new) = (SigningKey::usual(), SigningKey::ed25519("usual"));
    let (old_token, new_token) = (token_signed_by(&app, &old), token_signed_by(&app, &new));
    assert_eq!(outcome(&app, &old_token).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &old_token, 2).await;
    assert_rejected(&app, &old_token, "the signature of the token is not valid").await;
    assert_eq!(outcome(&app, &new_token).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn keys_are_refreshed_in_the_background() {
    let app = App::start().await;
    let token = token_signed_by(&app, &SigningKey::usual());
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 1);
    app.clock.advance(Duration::from_millis(1));
    call_and_await_fetch(&app, &token, 2).await;
    // The keys are fresh for another five minutes.
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn revoked_key_invalidates_accepted_tokens() {
    let app = App::start().await;
    let token = token_signed_by(&app, &SigningKey::usual());
    for _ in 0..3 {
        assert_eq!(outcome(&app, &token).await, "200");
    }
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    assert_rejected(&app, &token, UNKNOWN).await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &next)).await, "200");
}

#[tokio::test]
async fn fetch_for_a_new_key_revokes_the_old_one() {
    let app = App::start().await;
    let old = token_signed_by(&app, &SigningKey::usual());
    assert_eq!(outcome(&app, &old).await, "200");
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &token_signed_by(&app, &next)).await, "200");
    assert_rejected(&app, &old, UNKNOWN).await;
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn tokens_are_rejected_after_all_keys_are_withdrawn() {
    let app = App::start().await;
    let token = token_signed_by(&app, &SigningKey::usual());
    assert_eq!(outcome(&app, &token).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    assert_rejected(&app, &token, UNKNOWN).await;
}

#[tokio::test]
async fn stale_keys_serve_one_hour_while_fetches_fail() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    for _ in 0..11 {
        app.clock.advance(Duration::from_mins(5));
        // A new token each time, so that no cached verification is used.
        let token = token_signed_by(&app, &SigningKey::usual());
        assert_eq!(outcome(&app, &token).await, "200");
        assert_eq!(outcome(&app, &token).await, "200");
    }
    app.clock.advance(Duration::from_millis(299_999));
    let token = token_signed_by(&app, &SigningKey::usual());
    assert_eq!(outcome(&app, &token).await, "200");
    // After one hour, cached tokens are refused too.
    app.clock.advance(Duration::from_millis(1));
    let response = app.bearer(&token).get(LIST).await;
    assert_eq!(response.outcome(), "503 keys_unavailable");
    assert!(response.header("retry-after").is_some());
    // Tokens are accepted again once the issuer recovers and the cooldown is over.
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
}

#[tokio::test]
async fn unknown_key_is_503_while_fetches_fail() {
    let app = App::start().await;
    let known = token_signed_by(&app, &SigningKey::usual());
    assert_eq!(outcome(&app, &known).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    let new = SigningKey::ed25519("new");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::usual().public(), new.public()]);
    let token = token_signed_by(&app, &new);
    assert_unavailable(&app, &token, "30").await;
    assert_fetches(&app, 2);
    assert_eq!(outcome(&app, &known).await, "200");
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn failing_first_fetch_backs_off_exponentially() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let token = token_signed_by(&app, &SigningKey::usual());
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
    assert_unavailable(&app, &token_signed_by(&app, &SigningKey::usual()), "1").await;
}

#[tokio::test]
async fn invalid_tokens_are_rejected_while_fetches_fail() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let expired = valid_claims(&app).with("exp", json!(1)).sign(&SigningKey::usual());
    assert_rejected(&app, &expired, "the token has expired").await;
    let other = valid_claims(&app).with("aud", json!("other")).sign(&SigningKey::usual());
    assert_rejected(&app, &other, "the token is for another audience").await;
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn failing_issuer_does_not_affect_other_issuers() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    assert_unavailable(&app, &token_signed_by(&app, &SigningKey::usual()), "1").await;
    let globex = app.tenant("globex").get("/api/globex/admin/users").await;
    assert_eq!(globex.outcome(), "200");
    assert_eq!(app.operator().get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn token_without_kid_requires_a_single_key() {
    let app = App::start().await;
    let mut key_without_kid = SigningKey::usual();
    key_without_kid.kid = None;
    let token = token_signed_by(&app, &key_without_kid);
    assert_eq!(outcome(&app, &token).await, "200");
    let other = SigningKey::ed25519("other");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::usual().public(), other.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    // A new token, since the cached one still matches a published key.
    let token = token_signed_by(&app, &key_without_kid);
    assert_rejected(&app, &token, "the token does not say which key signed it").await;
    // Keys of another type cannot have signed and do not count.
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::usual().public(), rsa.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token_signed_by(&app, &SigningKey::usual()), 3).await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &key_without_kid)).await, "200");
}

#[tokio::test]
async fn key_is_not_used_for_another_algorithm() {
    let app = App::start().await;
    let mut public = SigningKey::usual().public();
    public.algorithm = Some("RS256".to_owned());
    app.keys.publish(&issuer_of("acme"), vec![public]);
    let token = token_signed_by(&app, &SigningKey::usual());
    assert_rejected(&app, &token, "the key of the token does not fit its algorithm").await;
}

#[tokio::test]
async fn unknown_tenant_flood_does_not_delay_other_tenants() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
    let calls = (0..200).map(async |n| {
        let claims = app.claims(&issuer_of(&format!("made-up-{n}"))).permissions(&EVERYTHING);
        app.bearer(claims.sign(&SigningKey::usual())).get(LIST).await.outcome()
    });
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|it| it == "503 keys_unavailable"), "{outcomes:?}");
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn key_cache_times_are_configurable() {
    // The `[auth]` section may follow its issuers.
    let settings = "[auth]\nkey_cooldown_ms = 1000\nkey_refresh_ms = 2000\nkey_stale_ms = 3000\n";
    let app = App::start_with(Wishes { settings, ..Wishes::default() }).await;
    assert_rejected(&app, &token_with_unknown_key(&app, "a"), UNKNOWN).await;
    assert_rejected(&app, &token_with_unknown_key(&app, "b"), UNKNOWN).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_rejected(&app, &token_with_unknown_key(&app, "c"), UNKNOWN).await;
    assert_fetches(&app, 3);
    app.keys.set_failing(&issuer_of("acme"), true);
    app.clock.advance(Duration::from_millis(2_999));
    assert_eq!(outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await, "200");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(
        outcome(&app, &token_signed_by(&app, &SigningKey::usual())).await,
        "503 keys_unavailable"
    );
}

/// A key source that never responds.
#[derive(Debug)]
struct UnresponsiveSource;

#[async_trait]
impl KeySource for UnresponsiveSource {
    async fn fetch(&self, _: &KeySetAddress) -> Result<Vec<PublicKey>, KeySourceError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn unresponsive_issuer_is_503_keys_unavailable() {
    let wishes = Wishes {
        http: "request_timeout_ms = 1000",
        keys: Some(Arc::new(UnresponsiveSource)),
        ..Wishes::default()
    };
    let app = App::start_with(wishes).await;
    let token = token_signed_by(&app, &SigningKey::usual());
    assert_unavailable(&app, &token, "1").await;
}
