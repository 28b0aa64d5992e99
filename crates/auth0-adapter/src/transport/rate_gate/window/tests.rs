use super::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Feedback of a response that reports this remaining quota until this Unix second.
fn accepted(remaining: u64, second: i64) -> RateFeedback {
    RateFeedback::Accepted(Some(RemainingQuota { remaining, reset: Some((second, SECOND)) }))
}

fn limited(reset: Option<i64>, wait: Option<Duration>) -> RateFeedback {
    RateFeedback::Limited { reset, wait }
}

/// A window that has just received such feedback about second 1.
fn window_with(remaining: u64) -> (RateWindow, Instant) {
    let now = Instant::now();
    let mut window = RateWindow::new(now);
    let epoch = window.start();
    window.finish(epoch, accepted(remaining, 1), false, now);
    (window, now)
}

/// Starts as many calls as there is capacity for.
fn fill(window: &mut RateWindow, now: Instant) -> Vec<u64> {
    std::iter::from_fn(|| window.has_capacity(now).then(|| window.start())).take(100).collect()
}

#[test]
fn unknown_quota_admits_every_call() {
    let now = Instant::now();
    let mut window = RateWindow::new(now);
    assert_eq!(fill(&mut window, now).len(), 100);
    window.finish(0, RateFeedback::Accepted(None), true, now);
    window.finish(0, RateFeedback::NoInformation, true, now);
    assert_eq!(fill(&mut window, now).len(), 100);
}

#[test]
fn in_flight_calls_are_limited_to_remaining_quota() {
    let (mut window, now) = window_with(3);
    let started = fill(&mut window, now);
    assert_eq!(started.len(), 3);
    for (epoch, remaining) in started.into_iter().zip([2, 1, 0]) {
        window.finish(epoch, accepted(remaining, 1), true, now);
        assert!(!window.has_capacity(now));
    }
    assert!(window.is_exhausted(now));
    assert_eq!(window.retry_at(), now + SECOND);
}

#[test]
fn lowest_remaining_of_a_refill_counts() {
    let (mut window, now) = window_with(5);
    let started = fill(&mut window, now);
    for (epoch, remaining) in started.into_iter().zip([1, 4, 2, 3]) {
        window.finish(epoch, accepted(remaining, 1), true, now);
    }
    assert_eq!(fill(&mut window, now).len(), 0, "one is under way, and one is left");
}

#[test]
fn lost_response_consumes_quota() {
    let (mut window, now) = window_with(3);
    let started = fill(&mut window, now);
    window.finish(started[0], RateFeedback::NoInformation, true, now);
    assert!(!window.has_capacity(now));
    window.finish(started[1], RateFeedback::NotSent, true, now);
    assert_eq!(fill(&mut window, now).len(), 1);
}

#[test]
fn refill_admits_one_trial_first() {
    let (mut window, now) = window_with(0);
    assert!(!window.has_capacity(now + SECOND - MILLI));
    let now = now + SECOND;
    assert!(!window.is_exhausted(now));
    let trial = fill(&mut window, now);
    assert_eq!(trial.len(), 1);
    window.finish(trial[0], accepted(7, 2), true, now);
    assert_eq!(fill(&mut window, now).len(), 7);
}

#[test]
fn late_responses_of_an_old_epoch_are_ignored() {
    let (mut window, now) = window_with(2);
    let late = fill(&mut window, now);
    let now = now + SECOND;
    let trial = fill(&mut window, now);
    assert_eq!(trial.len(), 1);
    window.finish(late[0], accepted(0, 1), true, now);
    window.finish(trial[0], accepted(4, 2), true, now);
    window.finish(late[1], limited(Some(1), Some(SECOND)), true, now);
    assert_eq!(fill(&mut window, now).len(), 4);
}

#[test]
fn unanswered_trial_is_followed_by_another() {
    let (mut window, now) = window_with(0);
    let now = now + SECOND;
    assert_eq!(fill(&mut window, now).len(), 1);
    assert!(!window.has_capacity(now + TRIAL_TIMEOUT - MILLI));
    assert_eq!(fill(&mut window, now + TRIAL_TIMEOUT).len(), 1);
}

#[test]
fn response_429_closes_until_refill_plus_jitter() {
    for _ in 0..50 {
        let (mut window, now) = window_with(9);
        let started = fill(&mut window, now);
        window.finish(started[0], limited(Some(1), Some(SECOND)), true, now);
        assert!(window.is_exhausted(now));
        assert_eq!(window.refills_at(), now + SECOND);
        assert!((now + SECOND..=now + SECOND + MAX_JITTER).contains(&window.retry_at()));
        // Calls that started at the same time report the same.
        let retry_at = window.retry_at();
        window.finish(started[1], limited(Some(1), Some(SECOND)), true, now);
        window.finish(started[2], accepted(3, 1), true, now);
        assert_eq!((window.retry_at(), window.has_capacity(now)), (retry_at, false));
    }
}

#[test]
fn repeated_429_without_reset_backs_off() {
    let now = Instant::now();
    let longest = |consecutive_429s: u32| {
        let waits = (0..50).map(|_| {
            let mut window = RateWindow::new(now);
            for _ in 0..consecutive_429s {
                let epoch = window.start();
                window.finish(epoch, limited(None, None), true, now);
            }
            window.retry_at() - now
        });
        waits.max().unwrap()
    };
    assert!(longest(1) <= BASE_BACKOFF);
    assert!(longest(4) > BASE_BACKOFF && longest(4) <= BASE_BACKOFF * 8);
    assert!(longest(100) <= BASE_BACKOFF * 64);
}

#[test]
fn capacity_doubles_without_quota_headers() {
    let now = Instant::now();
    let mut window = RateWindow::new(now);
    let epoch = window.start();
    window.finish(epoch, limited(None, None), true, now);
    let now = window.retry_at();
    for expected in [1, 2, 4, 8] {
        let round = fill(&mut window, now);
        assert_eq!(round.len(), expected);
        for epoch in round {
            window.finish(epoch, RateFeedback::Accepted(None), true, now);
        }
    }
    let epoch = window.start();
    window.finish(epoch, RateFeedback::Accepted(None), false, now);
    assert_eq!(fill(&mut window, now).len(), 100);
}

#[test]
fn implausible_reset_blocks_for_a_minute_at_most() {
    let far = Duration::from_hours(24);
    for feedback in [
        limited(Some(i64::MAX), Some(far)),
        RateFeedback::Accepted(Some(RemainingQuota { remaining: 0, reset: Some((i64::MAX, far)) })),
    ] {
        let now = Instant::now();
        let mut window = RateWindow::new(now);
        let epoch = window.start();
        window.finish(epoch, feedback, true, now);
        assert_eq!(window.refills_at(), now + far, "the reported time is kept");
        assert!(window.retry_at() <= now + MAX_WAIT + MAX_JITTER);
        let now = window.retry_at();
        let trial = fill(&mut window, now);
        window.finish(trial[0], accepted(5, 2), true, now);
        assert_eq!(fill(&mut window, now).len(), 5, "what is feedback next is believed");
    }
}

#[test]
fn response_of_a_later_refill_counts_in_any_epoch() {
    let (mut window, now) = window_with(2);
    let late = fill(&mut window, now);
    let now = now + SECOND;
    assert_eq!(fill(&mut window, now).len(), 1, "a trial");
    window.finish(late[0], accepted(6, 2), true, now);
    assert_eq!(fill(&mut window, now).len(), 5, "the trial is under way");
}
