//! 429: calls wait if there is time, and else return how long to wait.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Config, FaultKind, RateLimit};
use tokio::time::Instant;

use crate::support::{Bench, Operation, TOKEN, outcome_name, retry_after};

fn limited(retry_after: u64) -> FaultKind {
    FaultKind::Status { status: 429, retry_after: Some(retry_after) }
}

#[tokio::test]
async fn short_rate_limit_is_waited_for_except_by_log_ins() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        bench.add_fault(operation.route(), 2, limited(0));
        let result = bench.run(operation).await;
        let (expected, sends) =
            if operation == Operation::LogIn { ("unavailable", 1) } else { ("ok", 3) };
        assert_eq!(outcome_name(&result), expected, "{operation:?}");
        assert_eq!(bench.calls(operation.route()), sends, "{operation:?}");
    }
}

#[tokio::test]
async fn long_rate_limit_is_an_error_at_once() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        bench.add_fault(operation.route(), None, limited(50));
        let start = Instant::now();
        let result = bench.run(operation).await;
        assert!(start.elapsed() < Duration::from_secs(20), "{operation:?}");
        assert_eq!(retry_after(&result), Some(Duration::from_secs(50)), "{operation:?}");
        assert_eq!(bench.calls(operation.route()), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn rate_limit_applies_to_its_kind_only() {
    let bench = Bench::new().await;
    bench.add_fault(Operation::Change.route(), None, limited(50));
    assert_eq!(retry_after(&bench.run(Operation::Change).await), Some(Duration::from_secs(50)));
    bench.control().reset_calls();
    for operation in Operation::ALL {
        let writes = !matches!(operation, Operation::Find | Operation::List | Operation::LogIn);
        let result = bench.run(operation).await;
        if writes {
            let wait = retry_after(&result).unwrap().as_secs();
            assert!((45..50).contains(&wait), "{operation:?} {wait}");
        } else {
            assert_eq!(outcome_name(&result), "ok", "{operation:?}");
        }
    }
    assert_eq!(bench.calls(Operation::Change.route()), 0);
    assert_eq!(bench.calls(Operation::Delete.route()), 0);
}

#[tokio::test]
async fn rate_limit_on_tokens_is_reported() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    bench.add_fault(TOKEN, None, limited(50));
    assert_eq!(retry_after(&bench.find().await), Some(Duration::from_secs(50)));
    assert_eq!(bench.calls(TOKEN), 1);
}

/// A tenant that accepts one call and, as its clock is stopped, never another.
async fn exhausted_bench(skew_millis: i64) -> Bench {
    let clock = Arc::new(auth0_sim::ManualClock::at(1_772_357_400_000));
    let bench = Bench::with(Config { clock, ..Config::default() }, |_| {}).await;
    bench.control().update_switches(|switches| {
        switches.clock_skew_millis = skew_millis;
        switches.rate_limit = Some(RateLimit {
            global_burst: 1,
            global_per_second: 1,
            endpoints: Vec::new(),
            authentication: None,
            retry_after_header: false,
        });
    });
    bench.find().await.unwrap();
    bench.control().reset_calls();
    bench
}

#[tokio::test]
async fn reset_is_read_by_the_clock_of_auth0() {
    // Our own clock is months behind, and by Auth0's clock the reset is in 100 s.
    let bench = exhausted_bench(-100_000).await;
    let wait = retry_after(&bench.find().await).unwrap();
    assert!((100..=101).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(bench.calls(Operation::Find.route()), 0, "the answer before has said it");
}

#[tokio::test]
async fn reset_is_waited_for_at_most_twice() {
    let bench = exhausted_bench(2_000).await;
    assert_eq!(outcome_name(&bench.find().await), "unavailable");
    assert_eq!(bench.calls(Operation::Find.route()), 3);
}
