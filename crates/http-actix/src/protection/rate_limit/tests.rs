use std::time::Duration;

use conformance::ManualClock;
use domain::Timestamp;

use super::*;

const ANNA: CallerKey = CallerKey::new([1; 32]);
const BEN: CallerKey = CallerKey::new([2; 32]);

fn limits(writes: u32, clock: &Arc<ManualClock>) -> RateLimits {
    let settings = LimitSettings { writes: NonZeroU32::new(writes), ..LimitSettings::default() };
    RateLimits::new(settings, Arc::clone(clock) as _)
}

fn write(limits: &RateLimits, caller: CallerKey) -> Option<Duration> {
    limits.consume(caller, &Method::POST, false).wait()
}

#[test]
fn quota_allows_bursts_and_refills_evenly() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(6, &clock);
    for _ in 0..6 {
        assert_eq!(write(&limits, ANNA), None);
    }
    assert_eq!(write(&limits, ANNA), Some(Duration::from_secs(10)));
    assert_eq!(write(&limits, BEN), None);
    clock.advance(Duration::from_millis(9_999));
    assert_eq!(write(&limits, ANNA), Some(Duration::from_millis(1)));
    clock.advance(Duration::from_millis(1));
    assert_eq!(write(&limits, ANNA), None);
    assert_eq!(write(&limits, ANNA), Some(Duration::from_secs(10)));
    clock.advance(Duration::from_hours(1));
    for _ in 0..6 {
        assert_eq!(write(&limits, ANNA), None);
    }
    assert!(write(&limits, ANNA).is_some());
}

#[test]
fn clock_set_back_blocks_no_caller() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(2, &clock);
    assert_eq!((write(&limits, ANNA), write(&limits, ANNA)), (None, None));
    clock.rewind(Duration::from_hours(24));
    assert_eq!(write(&limits, ANNA), Some(Duration::from_secs(30)));
    clock.advance(Duration::from_secs(30));
    assert_eq!(write(&limits, ANNA), None);
}

#[test]
fn extreme_clock_values_are_harmless() {
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let limits = limits(u32::MAX, &clock);
    for millis in [i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN] {
        clock.set(Timestamp::UNIX_EPOCH.plus_millis(millis));
        assert_eq!(write(&limits, ANNA), None);
    }
}

#[test]
fn no_limit_yields_no_headers() {
    let limits = limits(0, &Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
    let mut headers = actix_web::http::header::HeaderMap::new();
    limits.consume(ANNA, &Method::POST, false).write(&mut headers);
    assert!(headers.is_empty());
}

#[test]
fn quotas_of_one_request_share_both_headers() {
    let five = NonZeroU32::new(5);
    let settings = LimitSettings { writes: five, password_checks: five, reads: None };
    let limits = RateLimits::new(settings, Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
    let mut headers = actix_web::http::header::HeaderMap::new();
    limits.consume(ANNA, &Method::PATCH, false);
    limits.consume(ANNA, &Method::PATCH, true).write(&mut headers);
    let policy = r#""writes";q=5;w=60, "password-checks";q=5;w=60"#;
    assert_eq!(headers.get(RATELIMIT_POLICY).unwrap(), policy);
    let remaining = r#""writes";r=3;t=24, "password-checks";r=4;t=12"#;
    assert_eq!(headers.get(RATELIMIT).unwrap(), remaining);
}
