use super::*;

#[test]
fn only_what_may_help_and_may_be_repeated_is_sent_again() {
    use Safety::{Once, OnlyIfUnprocessed, Repeatable};
    let limited = Failure::Limited { retry_after: None };
    let status = Failure::Status { status: 500, retry_after: None };
    let timed_out = Failure::TimedOut { cut_short: false };
    for (failure, sends) in [
        (limited, [3, 3, 1]),
        (status, [3, 1, 1]),
        (timed_out, [3, 1, 1]),
        (Failure::SlowSearch, [2, 1, 1]),
        (Garbage::TooLong.into(), [1, 1, 1]),
        (Failure::NoTime, [1, 1, 1]),
        (Failure::Open { retry_after: Duration::ZERO }, [1, 1, 1]),
        (Refusal::read(reqwest::StatusCode::BAD_REQUEST, b"").into(), [1, 1, 1]),
    ] {
        let by_safety =
            [Repeatable, OnlyIfUnprocessed, Once].map(|safety| most_sends(&failure, safety));
        assert_eq!(by_safety, sends, "{failure}");
    }
}

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
