//! The backoff after failed fetches.

use super::*;

#[tokio::test]
async fn backoff_doubles_up_to_the_cooldown() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    for (attempts, seconds) in [1, 2, 4, 8, 16, 30, 30, 30].into_iter().enumerate() {
        let backoff = Duration::from_secs(seconds);
        assert_same(&fixture.key(KID).await, &unavailable(backoff));
        fixture.assert_fetches(attempts + 1);
        fixture.clock.advance(just_under(backoff));
        assert_same(&fixture.key(KID).await, &unavailable(INSTANT));
        fixture.assert_fetches(attempts + 1);
        fixture.clock.advance(INSTANT);
    }
    fixture.source.set_failing(false);
    assert!(fixture.key(KID).await.is_ok());
    // A success resets the backoff.
    fixture.clock.advance(STALE_BOUND);
    fixture.source.set_failing(true);
    assert_same(&fixture.key(KID).await, &unavailable(SECOND));
}

#[tokio::test]
async fn backoff_applies_to_refreshes() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    fixture.clock.advance(REFRESH);
    for _ in 0..10 {
        fixture.key(KID).await.unwrap();
    }
    fixture.assert_fetches(2);
    fixture.clock.advance(SECOND);
    for _ in 0..10 {
        fixture.key(KID).await.unwrap();
    }
    fixture.assert_fetches(3);
    fixture.clock.advance(SECOND);
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn clock_set_back_does_not_block_fetches() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    fixture.key(KID).await.unwrap_err();
    fixture.clock.rewind(STALE_BOUND);
    fixture.source.set_failing(false);
    assert!(fixture.key(KID).await.is_ok());
    fixture.clock.rewind(STALE_BOUND);
    assert!(fixture.key(KID).await.is_ok());
    fixture.key("unknown").await.unwrap_err();
    fixture.clock.rewind(SECOND);
    fixture.key("unknown").await.unwrap_err();
    fixture.assert_fetches(4);
}
