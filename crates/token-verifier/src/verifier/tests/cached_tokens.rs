//! The cache of verified tokens.

use super::*;

#[tokio::test]
async fn repeated_token_is_served_from_the_cache() {
    let fixture = fixture();
    let first = fixture.verify(&valid_token()).await.unwrap();
    // RSASSA-PKCS1-v1_5 is deterministic, so that this is the same token.
    let second = fixture.verify(&valid_token()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn cached_token_is_answered_without_waiting() {
    let fixture = fixture();
    let token = valid_token();
    fixture.verify(&token).await.unwrap();
    let mut repeated = std::pin::pin!(fixture.verifier.verify(&token, None));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(repeated.as_mut().poll(&mut context).is_ready());
}

#[tokio::test]
async fn cached_token_expires() {
    let fixture = fixture();
    let token = TokenBuilder::new().claim("exp", START_SECONDS + 60).signed_by(rsa());
    fixture.verify(&token).await.unwrap();
    fixture.clock.advance(Duration::from_secs(64));
    fixture.verify(&token).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.reason(&token).await, Some(Reason::Expired));
}

#[tokio::test]
async fn cached_token_respects_not_before() {
    let fixture = fixture();
    let token = TokenBuilder::new().claim("nbf", START_SECONDS).signed_by(rsa());
    fixture.verify(&token).await.unwrap();
    fixture.clock.rewind(Duration::from_secs(6));
    assert_eq!(fixture.reason(&token).await, Some(Reason::NotYetValid));
}

#[tokio::test]
async fn cached_token_is_dropped_with_its_key() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    fixture.source.publish(ISSUER, &[other_rsa().public_as("new")]);
    fixture.clock.advance(REFRESH);
    // This use starts a refresh of the old keys; the next one finds the key removed.
    fixture.verify(&valid_token()).await.unwrap();
    fixture.assert_fetches(2);
    assert_eq!(fixture.reason(&valid_token()).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn cached_token_is_dropped_when_kid_is_reused() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    fixture.source.publish(ISSUER, &[other_rsa().public_as(KID)]);
    fixture.clock.advance(REFRESH);
    fixture.verify(&valid_token()).await.unwrap();
    assert_eq!(fixture.reason(&valid_token()).await, Some(Reason::Signature));
}

#[tokio::test]
async fn cached_token_survives_rotation_of_other_keys() {
    let fixture = fixture();
    let first = fixture.verify(&valid_token()).await.unwrap();
    fixture.source.publish(ISSUER, &[other_rsa().public_as("new"), rsa().public_as(KID)]);
    fixture.clock.advance(REFRESH);
    fixture.verify(&valid_token()).await.unwrap();
    fixture.assert_fetches(2);
    assert!(Arc::ptr_eq(&fixture.verify(&valid_token()).await.unwrap(), &first));
}

#[tokio::test]
async fn cached_token_does_not_outlive_the_stale_bound() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    fixture.source.set_failing(true);
    fixture.clock.advance(STALE_BOUND.saturating_sub(Duration::from_secs(10)));
    assert!(fixture.verify(&valid_token()).await.is_ok());
    fixture.clock.advance(Duration::from_secs(10));
    let error = fixture.verify(&valid_token()).await.unwrap_err();
    assert!(matches!(error, TokenError::KeysUnavailable { .. }));
    fixture.source.set_failing(false);
    fixture.clock.advance(Duration::from_secs(30));
    assert!(fixture.verify(&valid_token()).await.is_ok());
}

#[tokio::test]
async fn token_cache_of_size_zero_works() {
    let (source, clock) = (FakeKeySource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public_as(KID)]);
    let issuers = TrustedIssuers::new(vec![trusted(ISSUER, AUDIENCE, TenantSource::All)]);
    let settings = VerifierSettings { cached_tokens: 0, ..VerifierSettings::default() };
    let verifier = TokenVerifier::new(issuers, source, clock, settings);
    let first = verifier.verify(&valid_token(), None).await.unwrap();
    assert_eq!(first, verifier.verify(&valid_token(), None).await.unwrap());
}
