use super::*;

#[test]
fn waits_are_jittered_and_bounded() {
    let failure = Failure::TimedOut { cut_short: false };
    let first: Vec<_> = (0..50).map(|_| pause_after(&failure, 1)).collect();
    assert!(first.iter().all(|pause| *pause <= BACKOFF));
    assert!(first.iter().any(|pause| *pause != first[0]));
    assert!((0..50).all(|_| pause_after(&failure, 2) <= BACKOFF * 2));
    assert!((0..50).any(|_| pause_after(&failure, 2) > BACKOFF));
    let asked = Duration::from_secs(2);
    let down = Failure::Status { status: 503, retry_after: Some(asked) };
    assert!((0..50).all(|_| (asked..=asked + SPREAD).contains(&pause_after(&down, 1))));
}
