//! Concurrent requests share one fetch, which outlives them.

use super::*;

#[tokio::test]
async fn concurrent_first_requests_share_one_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for _ in 0..100 {
        requests.push(fixture.spawn_request(KID).await);
    }
    fixture.assert_fetches(1);
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn concurrent_first_requests_share_one_failure() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    fixture.source.block_fetches();
    let requests = [
        fixture.spawn_request(KID).await,
        fixture.spawn_request(KID).await,
        fixture.spawn_request("other").await,
    ];
    fixture.source.release_fetches(1);
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn cancelled_request_does_not_cancel_the_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let first = fixture.spawn_request(KID).await;
    let second = fixture.spawn_request(KID).await;
    first.abort();
    settle().await;
    fixture.source.release_fetches(1);
    assert!(second.await.unwrap().is_ok());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn fetch_without_waiters_completes() {
    let fixture = fixture();
    fixture.source.block_fetches();
    fixture.spawn_request(KID).await.abort();
    fixture.source.release_fetches(1);
    settle().await;
    fixture.source.block_fetches();
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn unpolled_request_starts_no_fetch() {
    let fixture = fixture();
    drop(fixture.request_key(ISSUER, KID));
    settle().await;
    fixture.assert_fetches(0);
}

#[tokio::test]
async fn panicking_fetch_counts_as_failed() {
    let fixture = fixture();
    fixture.source.set_panicking(true);
    assert_same(&fixture.key(KID).await, &unavailable(SECOND));
    fixture.source.set_panicking(false);
    fixture.clock.advance(SECOND);
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(2);
}

#[test]
fn cache_outlives_the_runtime_of_its_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let first = runtime();
    first.block_on(async { fixture.spawn_request(KID).await.abort() });
    drop(first);
    fixture.source.release_fetches(2);
    fixture.clock.advance(SECOND);
    assert!(runtime().block_on(fixture.key(KID)).is_ok());
    fixture.assert_fetches(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_threads_share_one_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let requests: Vec<_> =
        (0..200).map(|_| tokio::spawn(fixture.request_key(ISSUER, KID))).collect();
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(1);
}
