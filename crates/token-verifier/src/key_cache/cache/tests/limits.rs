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
async fn concurrent_fetches_are_bounded() {
    let fixture = fixture_with(CacheLimits { concurrent_fetches: 3, ..CacheLimits::DEFAULT });
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..20 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public_as(KID)]);
        requests.push(tokio::spawn(fixture.request_key(&tenant_issuer(number), KID)));
    }
    settle().await;
    fixture.assert_fetches(3);
    fixture.source.release_fetches(20);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(20);
    assert_eq!(fixture.source.max_running(), 3);
}

#[tokio::test]
async fn flood_of_unknown_issuers_does_not_delay_known_ones() {
    let fixture = fixture_with(CacheLimits {
        issuers: 1000,
        concurrent_fetches: 2,
        pending_first_fetches: 5,
    });
    fixture.key(KID).await.unwrap();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..100 {
        requests.push(tokio::spawn(fixture.request_key(&tenant_issuer(number), KID)));
    }
    settle().await;
    // Two run, three wait, the others were answered.
    fixture.assert_fetches(3);
    assert_eq!(requests.iter().filter(|answer| answer.is_finished()).count(), 95);
    // A fetch for an issuer in use starts at once.
    let new = fixture.spawn_request("new").await;
    fixture.assert_fetches(4);
    fixture.source.publish(ISSUER, &[other_rsa().public_as("new")]);
    fixture.source.release_fetches(100);
    assert!(new.await.unwrap().is_ok());
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
}
