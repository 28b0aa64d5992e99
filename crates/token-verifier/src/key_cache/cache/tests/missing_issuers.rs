//! Issuers that do not exist, as their source says.

use super::*;

fn unknown_issuer() -> Answer {
    Err(TokenError::Invalid(Reason::UnknownIssuer))
}

#[tokio::test]
async fn missing_issuer_is_remembered_for_the_cooldown() {
    let fixture = fixture();
    fixture.source.set_missing(OTHER_ISSUER, true);
    let request = || fixture.request_unknown(OTHER_ISSUER, network(1));
    for _ in 0..3 {
        assert_same(&request().await, &unknown_issuer());
    }
    fixture.clock.advance(just_under(COOLDOWN));
    assert_same(&request().await, &unknown_issuer());
    fixture.assert_fetches(1);
    fixture.clock.advance(INSTANT);
    assert_same(&request().await, &unknown_issuer());
    fixture.assert_fetches(2);
    // A new tenant is found after the cooldown.
    fixture.source.set_missing(OTHER_ISSUER, false);
    fixture.source.publish(OTHER_ISSUER, &[rsa().public_as(KID)]);
    fixture.clock.advance(COOLDOWN);
    assert!(request().await.is_ok());
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn concurrent_requests_share_the_answer_that_an_issuer_is_missing() {
    let fixture = fixture();
    fixture.source.set_missing(OTHER_ISSUER, true);
    fixture.source.block_fetches();
    let requests: Vec<_> = (0..50)
        .map(|number| tokio::spawn(fixture.request_unknown(OTHER_ISSUER, network(number))))
        .collect();
    settle().await;
    fixture.assert_fetches(1);
    fixture.source.release_fetches(1);
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unknown_issuer());
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn failing_issuer_is_not_missing() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    let request = || fixture.request_unknown(OTHER_ISSUER, network(1));
    assert_same(&request().await, &unavailable(SECOND));
    // The last answer counts.
    fixture.source.set_missing(OTHER_ISSUER, true);
    fixture.clock.advance(SECOND);
    assert_same(&request().await, &unknown_issuer());
    fixture.source.set_missing(OTHER_ISSUER, false);
    fixture.clock.advance(COOLDOWN);
    assert_same(&request().await, &unavailable(COOLDOWN));
}

#[tokio::test]
async fn known_issuer_is_never_missing() {
    let fixture = fixture();
    fixture.source.set_missing(ISSUER, true);
    assert_same(&fixture.key(KID).await, &unavailable(SECOND));
    fixture.source.set_missing(ISSUER, false);
    fixture.clock.advance(SECOND);
    assert!(fixture.key(KID).await.is_ok());
}

#[tokio::test]
async fn keys_serve_until_stale_bound_when_issuer_goes_missing() {
    let fixture = fixture();
    let request = || fixture.request_unknown(ISSUER, network(1));
    assert!(request().await.is_ok());
    fixture.source.set_missing(ISSUER, true);
    fixture.clock.advance(just_under(STALE_BOUND));
    assert!(request().await.is_ok());
    settle().await;
    fixture.assert_fetches(2);
    fixture.clock.advance(INSTANT);
    assert_same(&request().await, &unknown_issuer());
}

#[tokio::test]
async fn number_of_remembered_missing_issuers_is_bounded() {
    let fixture = fixture_with(CacheLimits { issuers: 10, ..CacheLimits::DEFAULT });
    assert!(fixture.request_unknown(ISSUER, network(1)).await.is_ok());
    for number in 0..100 {
        fixture.source.set_missing(&tenant_issuer(number), true);
        let answer = fixture.request_unknown(&tenant_issuer(number), network(2)).await;
        assert_same(&answer, &unknown_issuer());
    }
    assert!(fixture.cache.0.issuers.read().len() <= 10);
    // They never displace an issuer with keys.
    assert!(fixture.request_unknown(ISSUER, network(1)).await.is_ok());
    fixture.assert_fetches(101);
}
