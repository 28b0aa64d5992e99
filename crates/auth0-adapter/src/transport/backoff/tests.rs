use super::*;

#[test]
fn retry_delays_are_jittered_and_bounded() {
    let error = RequestError::TimedOut { cut_short: false };
    let first: Vec<_> = (0..50).map(|_| retry_delay(&error, 1)).collect();
    assert!(first.iter().all(|sleep| *sleep <= BASE_BACKOFF));
    assert!(first.iter().any(|sleep| *sleep != first[0]));
    assert!((0..50).all(|_| retry_delay(&error, 2) <= BASE_BACKOFF * 2));
    assert!((0..50).any(|_| retry_delay(&error, 2) > BASE_BACKOFF));
    let requested = Duration::from_secs(2);
    let down = RequestError::ServerError { status: 503, retry_after: Some(requested) };
    assert!((0..50).all(|_| (requested..=requested + MAX_JITTER).contains(&retry_delay(&down, 1))));
}
