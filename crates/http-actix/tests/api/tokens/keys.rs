//! Keys that are new, gone, or not to be had: how often an issuer is asked, and what callers get
//! meanwhile.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use serde_json::json;

use super::{LIST, USERS, assert_fetches, assert_refused, good, header, issuer_of, signed};
use crate::support::{ALL_PERMISSIONS, Answer, App, AppOptions, SigningKey};

const UNKNOWN: &str = "the key of the token is unknown";
const HOUR: Duration = Duration::from_hours(1);

/// A token by this key, good from now.
fn by(app: &App, key: &SigningKey) -> String {
    good(app).sign(key)
}

/// A token by a key that nobody has heard of.
fn by_unknown(app: &App, kid: &str) -> String {
    by(app, &SigningKey::ed25519(kid))
}

async fn outcome(app: &App, token: &str) -> String {
    app.bearer(token).get(LIST).await.outcome()
}

/// Asserts that the keys are not to be had, and for how long.
async fn assert_unavailable(app: &App, token: &str, retry_after: &str) -> Answer {
    for path in [LIST, USERS] {
        let answer = app.bearer(token).get(path).await;
        assert_eq!(answer.outcome(), "503 keys_unavailable");
        assert_eq!(answer.header("retry-after"), Some(retry_after));
        assert_eq!(answer.header("www-authenticate"), None);
    }
    app.bearer(token).get(LIST).await
}

/// Calls once, and waits for the fetch that this begins in the background.
///
/// A fetch from memory begins and ends in one go, and the service has one thread: whoever sees
/// that it was counted finds it ended with the next call.
async fn call_and_await_fetch(app: &App, token: &str, count: u64) {
    assert_eq!(outcome(app, token).await, "200", "nobody waits for it");
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
async fn keys_are_fetched_once_and_by_the_first_who_needs_them() {
    let app = App::start().await;
    assert_fetches(&app, 0);
    for n in 0..5 {
        let token = signed(&header(), good(&app).with("n", json!(n)).json());
        assert_eq!(outcome(&app, &token).await, "200");
        assert_eq!(outcome(&app, &token).await, "200");
        assert_fetches(&app, 1);
    }
    assert_eq!(app.keys.fetches(&issuer_of("globex")), 0);
}

#[tokio::test]
async fn many_at_once_cost_one_fetch() {
    let app = App::start().await;
    let tokens: Vec<String> =
        (0..20).map(|n| signed(&header(), good(&app).with("n", json!(n)).json())).collect();
    let calls = tokens.iter().map(async |token| outcome(&app, token).await);
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|outcome| outcome == "200"), "{outcomes:?}");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_costs_one_fetch_in_each_cooldown() {
    let app = App::start().await;
    for n in 0..10 {
        assert_refused(&app, &by_unknown(&app, &format!("flood-{n}")), UNKNOWN).await;
    }
    // One for the keys as such, one for the key that was not among them.
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(29_999));
    assert_refused(&app, &by_unknown(&app, "later"), UNKNOWN).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_millis(1));
    for n in 0..10 {
        assert_refused(&app, &by_unknown(&app, &format!("again-{n}")), UNKNOWN).await;
    }
    assert_fetches(&app, 3);
    // The good ones do not mind, nor do other issuers.
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
    assert_eq!(app.tenant("globex").get("/api/globex/admin/users").await.outcome(), "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn a_new_key_is_known_by_its_first_token() {
    let app = App::start().await;
    let (old, new) = (SigningKey::shared(), SigningKey::ed25519("new"));
    assert_eq!(outcome(&app, &by(&app, &old)).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![old.public(), new.public()]);
    assert_eq!(outcome(&app, &by(&app, &new)).await, "200");
    assert_eq!(outcome(&app, &by(&app, &old)).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn a_rotation_within_the_cooldown_waits_for_its_end() {
    let app = App::start().await;
    let new = SigningKey::ed25519("new");
    assert_refused(&app, &by_unknown(&app, "flood"), UNKNOWN).await;
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    let token = by(&app, &new);
    assert_refused(&app, &token, UNKNOWN).await;
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn another_key_under_the_old_name_takes_its_place() {
    let app = App::start().await;
    let (old, new) = (SigningKey::shared(), SigningKey::ed25519("usual"));
    let (olds, news) = (by(&app, &old), by(&app, &new));
    assert_eq!(outcome(&app, &olds).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![new.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &olds, 2).await;
    assert_refused(&app, &olds, "the signature of the token is not valid").await;
    assert_eq!(outcome(&app, &news).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn keys_are_renewed_behind_the_back_of_whoever_calls() {
    let app = App::start().await;
    let token = by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 1);
    app.clock.advance(Duration::from_millis(1));
    call_and_await_fetch(&app, &token, 2).await;
    // Enough for another five minutes.
    app.clock.advance(Duration::from_millis(299_999));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn a_revoked_key_stops_the_tokens_that_were_let_in_by_it() {
    let app = App::start().await;
    let token = by(&app, &SigningKey::shared());
    for _ in 0..3 {
        assert_eq!(outcome(&app, &token).await, "200");
    }
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &token).await, "200");
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    assert_refused(&app, &token, UNKNOWN).await;
    assert_eq!(outcome(&app, &by(&app, &next)).await, "200");
}

#[tokio::test]
async fn a_token_of_a_new_key_brings_the_revocation_of_the_old_one_along() {
    let app = App::start().await;
    let old = by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &old).await, "200");
    let next = SigningKey::ed25519("next");
    app.keys.publish(&issuer_of("acme"), vec![next.public()]);
    assert_eq!(outcome(&app, &by(&app, &next)).await, "200");
    assert_refused(&app, &old, UNKNOWN).await;
    assert_fetches(&app, 2);
}

#[tokio::test]
async fn an_issuer_that_withdraws_every_key_closes_its_door() {
    let app = App::start().await;
    let token = by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    app.keys.publish(&issuer_of("acme"), vec![]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    assert_refused(&app, &token, UNKNOWN).await;
}

#[tokio::test]
async fn while_the_source_fails_the_keys_go_on_serving_for_an_hour() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    for _ in 0..11 {
        app.clock.advance(Duration::from_mins(5));
        // A fresh token each time: they must be verified, not merely remembered.
        let token = by(&app, &SigningKey::shared());
        assert_eq!(outcome(&app, &token).await, "200");
        assert_eq!(outcome(&app, &token).await, "200");
    }
    app.clock.advance(Duration::from_millis(299_999));
    let token = by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &token).await, "200");
    // The hour is over, for the token that was let in just now too.
    app.clock.advance(Duration::from_millis(1));
    let answer = app.bearer(&token).get(LIST).await;
    assert_eq!(answer.outcome(), "503 keys_unavailable");
    assert!(answer.header("retry-after").is_some());
    // It opens again as soon as the issuer is back and the pause over.
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
}

#[tokio::test]
async fn an_unknown_key_at_an_issuer_that_fails_is_neither_good_nor_bad() {
    let app = App::start().await;
    let known = by(&app, &SigningKey::shared());
    assert_eq!(outcome(&app, &known).await, "200");
    app.keys.set_failing(&issuer_of("acme"), true);
    let new = SigningKey::ed25519("new");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), new.public()]);
    let token = by(&app, &new);
    assert_unavailable(&app, &token, "30").await;
    assert_fetches(&app, 2);
    assert_eq!(outcome(&app, &known).await, "200");
    app.keys.set_failing(&issuer_of("acme"), false);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(outcome(&app, &token).await, "200");
    assert_fetches(&app, 3);
}

#[tokio::test]
async fn an_issuer_whose_keys_were_never_had_is_asked_less_and_less_often() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let token = by(&app, &SigningKey::shared());
    let mut fetches = 0;
    for pause in [1, 2, 4, 8, 16, 30, 30, 30] {
        fetches += 1;
        let answer = assert_unavailable(&app, &token, &pause.to_string()).await;
        assert!(!answer.text.contains("central-manager"), "the issuer is nobody's business");
        assert_fetches(&app, fetches);
        app.clock.advance(Duration::from_millis(pause * 1000 - 1));
        assert_unavailable(&app, &token, "1").await;
        assert_fetches(&app, fetches);
        app.clock.advance(Duration::from_millis(1));
    }
    app.keys.set_failing(&issuer_of("acme"), false);
    assert_eq!(outcome(&app, &token).await, "200");
    // All is forgotten: the next failure begins at one second again.
    app.keys.set_failing(&issuer_of("acme"), true);
    app.clock.advance(HOUR);
    assert_unavailable(&app, &by(&app, &SigningKey::shared()), "1").await;
}

#[tokio::test]
async fn bad_tokens_are_refused_although_the_keys_are_not_to_be_had() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    let expired = good(&app).with("exp", json!(1)).sign(&SigningKey::shared());
    assert_refused(&app, &expired, "the token has expired").await;
    let other = good(&app).with("aud", json!("other")).sign(&SigningKey::shared());
    assert_refused(&app, &other, "the token is for another audience").await;
    assert_fetches(&app, 0);
}

#[tokio::test]
async fn one_issuer_s_trouble_is_not_another_s() {
    let app = App::start().await;
    app.keys.set_failing(&issuer_of("acme"), true);
    assert_unavailable(&app, &by(&app, &SigningKey::shared()), "1").await;
    let globex = app.tenant("globex").get("/api/globex/admin/users").await;
    assert_eq!(globex.outcome(), "200");
    assert_eq!(app.operator().get(LIST).await.outcome(), "200");
}

#[tokio::test]
async fn a_token_without_a_kid_needs_an_issuer_with_one_key() {
    let app = App::start().await;
    let mut bare = SigningKey::shared();
    bare.kid = None;
    let token = by(&app, &bare);
    assert_eq!(outcome(&app, &token).await, "200");
    let other = SigningKey::ed25519("other");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), other.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &token, 2).await;
    // A fresh one, since the one before is still that of a key that is there.
    let token = by(&app, &bare);
    assert_refused(&app, &token, "the token does not say which key signed it").await;
    // A key of another kind does not count, since it could not have signed.
    let rsa = SigningKey::rsa("rsa");
    app.keys.publish(&issuer_of("acme"), vec![SigningKey::shared().public(), rsa.public()]);
    app.clock.advance(Duration::from_mins(5));
    call_and_await_fetch(&app, &by(&app, &SigningKey::shared()), 3).await;
    assert_eq!(outcome(&app, &by(&app, &bare)).await, "200");
}

#[tokio::test]
async fn a_key_for_one_algorithm_is_not_used_for_another() {
    let app = App::start().await;
    let mut public = SigningKey::shared().public();
    public.algorithm = Some("RS256".to_owned());
    app.keys.publish(&issuer_of("acme"), vec![public]);
    let token = by(&app, &SigningKey::shared());
    assert_refused(&app, &token, "the key of the token does not fit its algorithm").await;
}

#[tokio::test]
async fn a_flood_of_made_up_tenants_does_not_hold_up_the_others() {
    let app = App::start().await;
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
    let calls = (0..200).map(async |n| {
        let claims = app.claims(&issuer_of(&format!("made-up-{n}"))).permissions(&ALL_PERMISSIONS);
        app.bearer(claims.sign(&SigningKey::shared())).get(LIST).await.outcome()
    });
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|it| it == "503 keys_unavailable"), "{outcomes:?}");
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
    assert_fetches(&app, 1);
}

#[tokio::test]
async fn the_times_are_settings() {
    // They belong to `[auth]`, and a section may stand after the issuers.
    let settings = "[auth]\nkey_cooldown_ms = 1000\nkey_refresh_ms = 2000\nkey_stale_ms = 3000\n";
    let app = App::start_with(AppOptions { settings, ..AppOptions::default() }).await;
    assert_refused(&app, &by_unknown(&app, "a"), UNKNOWN).await;
    assert_refused(&app, &by_unknown(&app, "b"), UNKNOWN).await;
    assert_fetches(&app, 2);
    app.clock.advance(Duration::from_secs(1));
    assert_refused(&app, &by_unknown(&app, "c"), UNKNOWN).await;
    assert_fetches(&app, 3);
    app.keys.set_failing(&issuer_of("acme"), true);
    app.clock.advance(Duration::from_millis(2_999));
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "200");
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(outcome(&app, &by(&app, &SigningKey::shared())).await, "503 keys_unavailable");
}

/// An issuer that is there, and never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl KeySource for Silent {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_slow_issuer_is_not_taken_for_a_slow_directory() {
    let options = AppOptions {
        http: "request_timeout_ms = 1000",
        keys: Some(Arc::new(Silent)),
        ..AppOptions::default()
    };
    let app = App::start_with(options).await;
    let token = by(&app, &SigningKey::shared());
    assert_unavailable(&app, &token, "1").await;
}
