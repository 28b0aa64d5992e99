use std::time::Duration;

use actix_web::test::TestRequest;
use conformance::ManualClock;
use domain::Timestamp;

use super::*;

const ANN: CallerKey = CallerKey::new([1; 32]);
const BEN: CallerKey = CallerKey::new([2; 32]);

fn limits(writes: u32, clock: &Arc<ManualClock>) -> RateLimits {
    let settings = LimitSettings { writes: NonZeroU32::new(writes), ..LimitSettings::default() };
    RateLimits::new(settings, Arc::clone(clock) as _)
}

fn write(limits: &RateLimits, caller: CallerKey) -> Option<Duration> {
    limits.draw(caller, &TestRequest::post().to_http_request()).wait()
}

#[test]
fn a_budget_can_be_drawn_at_once_and_comes_back_evenly() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(6, &clock);
    for _ in 0..6 {
        assert_eq!(write(&limits, ANN), None);
    }
    assert_eq!(write(&limits, ANN), Some(Duration::from_secs(10)));
    assert_eq!(write(&limits, BEN), None);
    clock.advance(Duration::from_millis(9_999));
    assert_eq!(write(&limits, ANN), Some(Duration::from_millis(1)));
    clock.advance(Duration::from_millis(1));
    assert_eq!(write(&limits, ANN), None);
    assert_eq!(write(&limits, ANN), Some(Duration::from_secs(10)));
    clock.advance(Duration::from_hours(1));
    for _ in 0..6 {
        assert_eq!(write(&limits, ANN), None);
    }
    assert!(write(&limits, ANN).is_some());
}

#[test]
fn a_clock_that_is_set_back_holds_nobody_up() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(2, &clock);
    assert_eq!((write(&limits, ANN), write(&limits, ANN)), (None, None));
    clock.rewind(Duration::from_hours(24));
    assert_eq!(write(&limits, ANN), Some(Duration::from_secs(30)));
    clock.advance(Duration::from_secs(30));
    assert_eq!(write(&limits, ANN), None);
}

#[test]
fn the_ends_of_time_do_no_harm() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(u32::MAX, &clock);
    for millis in [i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN] {
        clock.set(Timestamp::UNIX_EPOCH.plus_millis(millis));
        assert_eq!(write(&limits, ANN), None);
    }
}

#[test]
fn without_a_limit_there_is_nothing_to_say() {
    let limits = limits(0, &Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
    let mut headers = actix_web::http::header::HeaderMap::new();
    limits.draw(ANN, &TestRequest::post().to_http_request()).write(&mut headers);
    assert!(headers.is_empty());
}
