//! Bounds on issuers and fetches, and eviction.

use super::*;

fn cached_issuers(fixture: &Fixture) -> usize {
    fixture.cache.0.issuers.read().len()
}

#[tokio::test]
async fn number_of_cached_issuers_is_bounded() {
    let fixture = fixture_with(CacheLimits { issuers: 40, ..CacheLimits::DEFAULT });
    for number in 0..200 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public_as(KID)]);
        assert!(fixture.request_key(&tenant_issuer(number), KID).await.is_ok());
        assert!(cached_issuers(&fixture) <= 40);
    }
    fixture.assert_fetches(200);
    // The last issuers are cached, the first are not.
    fixture.request_key(&tenant_issuer(199), KID).await.unwrap();
    fixture.assert_fetches(200);
    fixture.request_key(&tenant_issuer(0), KID).await.unwrap();
    fixture.assert_fetches(201);
}

#[tokio::test]
async fn least_recently_used_issuer_is_evicted_first() {
    let fixture = fixture_with(CacheLimits { issuers: 3, ..CacheLimits::DEFAULT });
    for number in 0..4 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public_as(KID)]);
    }
    for number in [0, 1, 2, 0, 3] {
        fixture.request_key(&tenant_issuer(number), KID).await.unwrap();
    }
    fixture.assert_fetches(4);
    fixture.request_key(&tenant_issuer(0), KID).await.unwrap();
    fixture.request_key(&tenant_issuer(2), KID).await.unwrap();
    fixture.assert_fetches(4);
    fixture.request_key(&tenant_issuer(1), KID).await.unwrap();
    fixture.assert_fetches(5);
}

#[tokio::test]
async fn issuers_without_keys_are_evicted_first() {
    let fixture = fixture_with(CacheLimits { issuers: 4, ..CacheLimits::DEFAULT });
    fixture.key(KID).await.unwrap();
    for number in 0..100 {
        assert_same(&fixture.request_key(&tenant_issuer(number), KID).await, &unavailable(SECOND));
    }
    assert!(cached_issuers(&fixture) <= 4);
    fixture.assert_fetches(101);
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(101);
}

#[tokio::test]
async fn concurrent_refetches_are_bounded() {
    let fixture = fixture_with(CacheLimits { concurrent_refetches: 3, ..CacheLimits::DEFAULT });
    for number in 0..20 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public_as(KID)]);
        fixture.request_unknown(&tenant_issuer(number), network(0)).await.unwrap();
    }
    fixture.assert_fetches(20);
    fixture.source.block_fetches();
    let requests: Vec<_> = (0..20)
        .map(|number| fixture.request(&tenant_issuer(number), "new", false, network(0)))
        .map(tokio::spawn)
        .collect();
    settle().await;
    fixture.assert_fetches(23);
    fixture.source.release_fetches(20);
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unknown());
    }
    fixture.assert_fetches(40);
    assert_eq!(fixture.source.max_running(), 3);
}

#[tokio::test]
async fn key_of_evicted_issuer_is_not_current() {
    let fixture = fixture_with(CacheLimits { issuers: 1, ..CacheLimits::DEFAULT });
    let key = fixture.key(KID).await.unwrap();
    let issuer = fixture.cache.0.cached(&location_of(ISSUER)).unwrap();
    assert!(fixture.cache.is_current(&issuer, &key, fixture.clock.now()));
    assert_same(&fixture.request_key(OTHER_ISSUER, KID).await, &unavailable(SECOND));
    assert!(!fixture.cache.is_current(&issuer, &key, fixture.clock.now()));
}
