//! Tokens in great number, each made to cost as much as it can.

use serde_json::json;

use crate::issuer::{KEYS, answer};
use crate::support::SigningKey;
use crate::world::{LIST, World};

#[tokio::test]
async fn two_hundred_unknown_keys_at_once_cost_one_fetch_in_each_cooldown() {
    let world = World::start().await;
    assert_eq!(world.outcome(&world.token()).await, "200");
    for round in 0..3 {
        let tokens = (0..200).map(|n| {
            // Made up without any secret: the signature is never reached.
            let header = json!({"alg": "EdDSA", "kid": format!("{round}-{n}")}).to_string();
            let claims = world.app.claims(&world.bad.name()).json().to_string();
            SigningKey::shared().sign_text(&header, &claims)
        });
        let calls = tokens.map(async |token| world.outcome(&token).await);
        let outcomes = futures_util::future::join_all(calls).await;
        assert!(outcomes.iter().all(|it| it == "401 invalid_token"), "{outcomes:?}");
        assert_eq!(world.bad.fetches(), round + 2);
        world.assert_others_served().await;
        // Those with a good token are not held up.
        assert_eq!(world.outcome(&world.token()).await, "200");
        world.pass_cooldown();
    }
}

#[tokio::test]
async fn made_up_tenants_cost_one_question_each_and_few_at_a_time() {
    let world = World::start().await;
    world.assert_others_served().await;
    assert_eq!(world.outcome(&world.token()).await, "200");
    let before = world.bad.asked().len();
    world.bad.script(|_| answer(404, "", b""));
    let token_of = |n: usize| {
        let issuer = format!("{}/tenants/made-up-{n}", world.bad.name());
        world.token_of(&issuer, &SigningKey::shared())
    };
    for _ in 0..2 {
        let calls = (0..200).map(async |n| world.outcome(&token_of(n)).await);
        let outcomes = futures_util::future::join_all(calls).await;
        assert!(outcomes.iter().all(|it| it == "503 keys_unavailable"), "{outcomes:?}");
    }
    let asked = world.bad.asked().split_off(before);
    let different: std::collections::BTreeSet<_> = asked.iter().collect();
    assert_eq!(asked.len(), different.len(), "nobody was asked twice");
    assert!(asked.iter().all(|path| path.starts_with("/tenants/made-up-")), "{asked:?}");
    assert!(world.bad.most_open() <= 8, "{} at once", world.bad.most_open());
    world.assert_others_served().await;
    assert_eq!(world.outcome(&world.token()).await, "200");
}

#[tokio::test]
async fn a_good_token_under_many_spellings_is_one_token_or_none() {
    let world = World::start().await;
    let token = world.token();
    assert_eq!(world.outcome(&token).await, "200");
    let (message, signature) = token.rsplit_once('.').unwrap();
    for respelt in [
        format!("{token}="),
        format!("{token}=="),
        format!("{message}.{signature}\u{a0}"),
        token.replace('.', "%2e"),
        token.to_uppercase(),
        token.to_lowercase(),
        format!("{message}.{}", signature.replace('_', "/").replace('-', "+") + "+"),
    ] {
        let client = world.app.bearer(&respelt);
        let outcome = client.get(LIST).await.outcome();
        assert!(outcome.starts_with("401 "), "{respelt}: {outcome}");
    }
    assert_eq!(world.outcome(&token).await, "200");
    assert_eq!(world.bad.fetches(), 1);
}

#[tokio::test]
async fn more_tokens_than_are_remembered_are_all_verified() {
    let world = World::start().await;
    for n in 0..300 {
        let claims = world.app.claims(&world.bad.name()).with("n", json!(n));
        // Long ones, so that they would fill a cache that counts them only.
        let claims = claims.with("padding", json!("x".repeat(5000)));
        let token = claims.sign(&SigningKey::shared());
        assert_eq!(world.outcome(&token).await, "403 insufficient_permission");
    }
    assert_eq!(world.bad.asked().iter().filter(|path| path.ends_with(KEYS)).count(), 1);
}
