//! Many tokens, each designed to be as expensive as possible.

use serde_json::json;

use super::fixture::{Fixture, LIST_V0};
use super::issuer::{DOCUMENT, KEYS, Reply, discovery_document, http_response, key_set};
use crate::support::SigningKey;

#[tokio::test]
async fn unknown_kids_cost_one_fetch_per_cooldown() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.outcome(&fixture.token()).await, "200");
    for round in 0..3 {
        let tokens = (0..200).map(|number| {
            // Forged without a secret: verification never reaches the signature.
            let header = json!({"alg": "EdDSA", "kid": format!("{round}-{number}")}).to_string();
            let claims = fixture.app.claims(&fixture.hostile.name()).json().to_string();
            SigningKey::shared().sign_text(&header, &claims)
        });
        let calls = tokens.map(async |token| fixture.outcome(&token).await);
        let outcomes = futures_util::future::join_all(calls).await;
        assert!(outcomes.iter().all(|outcome| outcome == "401 invalid_token"), "{outcomes:?}");
        assert_eq!(fixture.hostile.fetches(), round + 2);
        fixture.assert_other_callers_served().await;
        // Callers with a valid token are unaffected.
        assert_eq!(fixture.outcome(&fixture.token()).await, "200");
        fixture.advance_past_cooldown();
    }
}

#[tokio::test]
async fn invented_tenants_cost_one_request_each() {
    let fixture = Fixture::start().await;
    fixture.assert_other_callers_served().await;
    assert_eq!(fixture.outcome(&fixture.token()).await, "200");
    let request_count = fixture.hostile.requested_paths().len();
    fixture.hostile.respond_with(|_| http_response(404, "", b""));
    let invented_token = |number: usize| {
        let issuer = format!("{}/tenants/invented-{number}", fixture.hostile.name());
        fixture.token_from(&issuer, &SigningKey::shared())
    };
    for _ in 0..2 {
        let calls = (0..200).map(async |number| fixture.outcome(&invented_token(number)).await);
        let outcomes = futures_util::future::join_all(calls).await;
        assert!(outcomes.iter().all(|outcome| outcome == "401 invalid_token"), "{outcomes:?}");
    }
    let paths = fixture.hostile.requested_paths().split_off(request_count);
    let distinct: std::collections::BTreeSet<_> = paths.iter().collect();
    assert_eq!(paths.len(), distinct.len(), "a path was requested twice");
    assert!(paths.iter().all(|path| path.starts_with("/tenants/invented-")), "{paths:?}");
    assert!(fixture.hostile.max_open() <= 4, "{} at once", fixture.hostile.max_open());
    fixture.assert_other_callers_served().await;
    assert_eq!(fixture.outcome(&fixture.token()).await, "200");
}

#[tokio::test]
async fn hanging_key_sources_do_not_delay_unused_issuers() {
    let fixture = Fixture::start().await;
    let name = fixture.hostile.name();
    let keys = [SigningKey::shared().jwk()];
    fixture.hostile.respond_with(move |path| match path {
        _ if path.contains("/invented-") => Reply::Silence,
        _ if path.ends_with(KEYS) => key_set(&keys),
        _ => discovery_document(&name, path.strip_suffix(DOCUMENT).unwrap()),
    });
    let get = |tenant: String, client: &'static str| {
        let issuer = format!("{}/tenants/{tenant}", fixture.hostile.name());
        let token = fixture.token_from(&issuer, &SigningKey::shared());
        let caller = fixture.app.bearer(token).header("x-forwarded-for", client);
        async move { caller.get(&format!("/api/{tenant}/admin/users")).await.outcome() }
    };
    let flood = (0..100).map(|number| get(format!("invented-{number}"), "198.51.100.1"));
    let flood = futures_util::future::join_all(flood);
    // On a slow machine, the flood may be answered first.
    let others = async {
        // The flood's fetches are in flight, and the rest of it waits for them.
        fixture.hostile.wait_for_open(4).await;
        // A fixed issuer, a known tenant of the same client, and a new tenant of another client.
        fixture.assert_healthy_issuer_served().await;
        assert_eq!(get("known".to_owned(), "198.51.100.1").await, "200");
        assert_eq!(get("new".to_owned(), "198.51.100.2").await, "200");
        assert_eq!(fixture.outcome(&fixture.token()).await, "200");
    };
    let mut others = std::pin::pin!(others);
    tokio::select! {
        () = &mut others => {}
        _ = flood => others.await,
    }
}

#[tokio::test]
async fn altered_spellings_of_a_token_are_rejected() {
    let fixture = Fixture::start().await;
    let token = fixture.token();
    assert_eq!(fixture.outcome(&token).await, "200");
    let (message, signature) = token.rsplit_once('.').unwrap();
    for altered in [
        format!("{token}="),
        format!("{token}=="),
        format!("{message}.{signature}\u{a0}"),
        token.replace('.', "%2e"),
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{message}.{}", signature.replace('_', "/").replace('-', "+") + "+"),
    ] {
        let client = fixture.app.bearer(&altered);
        let outcome = client.get(LIST_V0).await.outcome();
        assert!(outcome.starts_with("401 "), "{altered}: {outcome}");
    }
    assert_eq!(fixture.outcome(&token).await, "200");
    assert_eq!(fixture.hostile.fetches(), 1);
}

#[tokio::test]
async fn tokens_beyond_the_cache_capacity_are_verified() {
    let fixture = Fixture::start().await;
    for number in 0..300 {
        let claims = fixture.app.claims(&fixture.hostile.name()).with("n", json!(number));
        // Long tokens would exhaust memory if the cache were limited by count only.
        let claims = claims.with("padding", json!("x".repeat(5000)));
        let token = claims.sign(&SigningKey::shared());
        assert_eq!(fixture.outcome(&token).await, "403 insufficient_permission");
    }
    assert_eq!(
        fixture.hostile.requested_paths().iter().filter(|path| path.ends_with(KEYS)).count(),
        1
    );
}
