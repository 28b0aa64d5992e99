//! Keys are cached, refreshed and dropped.

use ports::PublicKey;

use super::*;

#[tokio::test]
async fn keys_are_fetched_once_and_cached() {
    let fixture = fixture();
    let first = fixture.key(KID).await;
    let second = fixture.key(KID).await;
    assert!(first.is_ok());
    assert_same(&second, &first);
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn no_fetch_before_first_use() {
    let fixture = fixture();
    settle().await;
    fixture.assert_fetches(0);
}

#[tokio::test]
async fn same_kid_at_two_issuers_is_two_keys() {
    let fixture = fixture();
    fixture.source.publish(OTHER_ISSUER, &[other_rsa().public_as(KID), rsa().public_as("rsa")]);
    let key = fixture.key(KID).await.unwrap();
    let other = fixture.request_key(OTHER_ISSUER, KID).await.unwrap();
    assert!(!Arc::ptr_eq(&key, &other));
    assert!(fixture.is_current(ISSUER, &key));
    assert!(!fixture.is_current(OTHER_ISSUER, &key));
    assert_same(&fixture.key("rsa").await, &unknown());
}

#[tokio::test]
async fn key_set_locations_are_cached_separately() {
    let fixture = fixture();
    let other_location = KeySetLocation {
        jwks_uri: Some("https://keys.example/".to_owned()),
        ..location_of(ISSUER)
    };
    let query = KeyQuery { kid: Some(KID), algorithm: Algorithm::Rs256 };
    fixture.key(KID).await.unwrap();
    let request = KeyRequest { location: &other_location, is_known: true, client: network(0) };
    fixture.cache.keys(request, &query).await.unwrap();
    assert_eq!(fixture.source.fetched_locations(), [location_of(ISSUER), other_location]);
}

#[tokio::test]
async fn old_keys_serve_while_refresh_is_in_flight() {
    let fixture = fixture();
    let before = fixture.key(KID).await;
    fixture.clock.advance(REFRESH.saturating_sub(SECOND));
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(1);

    fixture.clock.advance(SECOND);
    fixture.source.block_fetches();
    for _ in 0..10 {
        assert_same(&fixture.key(KID).await, &before);
    }
    fixture.assert_fetches(2);

    fixture.source.publish(ISSUER, &[other_rsa().public_as(KID)]);
    fixture.source.release_fetches(1);
    settle().await;
    let after = fixture.key(KID).await.unwrap();
    assert!(!Arc::ptr_eq(&after, &before.unwrap()));
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn unchanged_key_survives_a_refresh() {
    let fixture = fixture();
    let before = fixture.key(KID).await;
    fixture.source.publish(ISSUER, &[p256().public_as("new"), rsa().public_as(KID)]);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(2);
    assert_same(&fixture.key(KID).await, &before);
}

#[tokio::test]
async fn empty_key_set_revokes_all_keys() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[]);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    assert_same(&fixture.key(KID).await, &unknown());
}

#[tokio::test]
async fn keys_serve_until_stale_bound_while_fetches_fail() {
    let fixture = fixture();
    let key = fixture.key(KID).await;
    fixture.source.set_failing(true);
    fixture.clock.advance(just_under(STALE_BOUND));
    assert_same(&fixture.key(KID).await, &key);
    fixture.assert_fetches(2);
    assert!(fixture.is_current(ISSUER, key.as_ref().unwrap()));

    fixture.clock.advance(INSTANT);
    assert_same(&fixture.key(KID).await, &unavailable(just_under(SECOND)));
    fixture.assert_fetches(2);
    assert!(!fixture.is_current(ISSUER, key.as_ref().unwrap()));

    // Once a fetch succeeds, the key is back.
    fixture.source.set_failing(false);
    fixture.clock.advance(SECOND);
    assert_same(&fixture.key(KID).await, &key);
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn keys_past_stale_bound_are_refetched_before_use() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.clock.advance(STALE_BOUND);
    fixture.source.publish(ISSUER, &[]);
    assert_same(&fixture.key(KID).await, &unknown());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn cached_token_use_refreshes_old_keys() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    let is_current = || fixture.is_current(ISSUER, &key);
    assert!(is_current());
    settle().await;
    fixture.assert_fetches(1);
    fixture.clock.advance(REFRESH);
    assert!(is_current() && is_current());
    settle().await;
    fixture.assert_fetches(2);
    assert!(is_current());
    fixture.source.publish(ISSUER, &[other_rsa().public_as(KID)]);
    fixture.clock.advance(REFRESH);
    assert!(is_current());
    settle().await;
    assert!(!is_current());
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn uncached_issuer_has_no_current_key() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    assert!(!fixture.is_current(OTHER_ISSUER, &key));
    settle().await;
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn cache_debug_output_hides_keys() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    let PublicKey { material, .. } = rsa().public_as(KID);
    let debug_output = format!("{:?} {key:?}", fixture.cache);
    assert!(!debug_output.contains(&format!("{material:?}")) && !debug_output.contains("Rsa"));
}
