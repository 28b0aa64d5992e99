//! Tokens whose `kid` is not in the cached set.

use super::*;

#[tokio::test]
async fn unknown_kid_triggers_a_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[rsa().public_as(KID), other_rsa().public_as("new")]);
    assert!(fixture.key("new").await.is_ok());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn removed_key_is_refused_after_next_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[other_rsa().public_as("new")]);
    assert!(fixture.key("new").await.is_ok());
    assert_same(&fixture.key(KID).await, &unknown());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn unknown_kid_on_first_use_costs_one_fetch() {
    let fixture = fixture();
    assert_same(&fixture.key("unknown").await, &unknown());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn unknown_kids_cost_one_fetch_per_cooldown() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(1);
    // The first fetch starts at once, although the keys are fresh.
    for round in 0..100 {
        assert_same(&fixture.key(&format!("unknown-{round}")).await, &unknown());
    }
    fixture.assert_fetches(2);
    fixture.clock.advance(just_under(COOLDOWN));
    assert_same(&fixture.key("unknown").await, &unknown());
    fixture.assert_fetches(2);
    fixture.clock.advance(INSTANT);
    for _ in 0..100 {
        assert_same(&fixture.key("unknown").await, &unknown());
    }
    fixture.assert_fetches(3);
    assert!(fixture.key(KID).await.is_ok());
}

#[tokio::test]
async fn cooldown_applies_per_issuer() {
    let fixture = fixture();
    fixture.source.publish(OTHER_ISSUER, &[rsa().public_as(KID)]);
    fixture.key(KID).await.unwrap();
    fixture.request_key(OTHER_ISSUER, KID).await.unwrap();
    fixture.key("unknown").await.unwrap_err();
    fixture.request_key(OTHER_ISSUER, "unknown").await.unwrap_err();
    fixture.request_key(OTHER_ISSUER, "unknown").await.unwrap_err();
    fixture.assert_fetches(4);
}

#[tokio::test]
async fn requests_for_unknown_kid_share_one_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for _ in 0..50 {
        requests.push(fixture.spawn_request("new").await);
    }
    fixture.assert_fetches(2);
    // A request for a known key does not wait.
    assert!(fixture.key(KID).await.is_ok());
    fixture.source.publish(ISSUER, &[rsa().public_as(KID), other_rsa().public_as("new")]);
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn fetch_started_earlier_does_not_settle_unknown_kid() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.clock.advance(REFRESH);
    fixture.source.block_fetches();
    fixture.key(KID).await.unwrap();
    // The refresh in flight may have been answered before the new key was published.
    let request = fixture.spawn_request("new").await;
    fixture.assert_fetches(2);
    fixture.source.release_fetches(1);
    settle().await;
    fixture.assert_fetches(3);
    fixture.source.publish(ISSUER, &[other_rsa().public_as("new")]);
    fixture.source.release_fetches(1);
    assert!(request.await.unwrap().is_ok());
}

#[tokio::test]
async fn key_of_wrong_type_costs_no_fetch() {
    let fixture = fixture();
    fixture.source.publish(ISSUER, &[rsa().public_as(KID), ed25519().public_as("ed")]);
    fixture.key(KID).await.unwrap();
    let mismatch = Err(TokenError::Invalid(Reason::KeyMismatch));
    assert_same(&fixture.key("ed").await, &mismatch);
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn unknown_kid_is_unavailable_while_fetches_fail() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    assert_same(&fixture.key("new").await, &unavailable(COOLDOWN));
    assert_same(&fixture.key("new").await, &unavailable(COOLDOWN));
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(2);
    fixture.source.set_failing(false);
    fixture.clock.advance(COOLDOWN);
    assert_same(&fixture.key("new").await, &unknown());
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn backoff_delays_the_fetch_for_unknown_kid() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    assert_same(&fixture.key("new").await, &unavailable(SECOND));
    fixture.assert_fetches(2);
    fixture.clock.advance(SECOND);
    fixture.key("new").await.unwrap_err();
    fixture.assert_fetches(3);
}
