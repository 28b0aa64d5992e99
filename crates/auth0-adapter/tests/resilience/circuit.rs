//! An Auth0 that keeps failing is left alone for a while.

use std::time::Duration;

use auth0_sim::{Config, FaultKind};
use ports::UserDirectory;

use crate::support::{Bench, GET_USER, Operation, name, pass, wait};

const DOWN: FaultKind = FaultKind::Status { status: 500, retry_after: None };

async fn fragile() -> Bench {
    Bench::with(Config::default(), |config| {
        config.circuit.failures = 6;
        config.circuit.span = Duration::ZERO;
    })
    .await
}

/// Two calls of three sends each.
async fn break_it(bench: &Bench) {
    bench.fault(GET_USER, None, DOWN);
    for _ in 0..2 {
        assert_eq!(name(&bench.find().await), "failed");
    }
    assert_eq!(bench.calls(GET_USER), 6);
    bench.control().reset_calls();
}

#[tokio::test]
async fn after_enough_failures_every_call_fails_at_once_without_being_sent() {
    let bench = fragile().await;
    break_it(&bench).await;
    bench.control().clear_faults();
    for operation in Operation::ALL {
        let left = wait(&bench.run(operation).await).unwrap();
        assert!(left <= Duration::from_secs(1), "{operation:?} {left:?}");
    }
    assert_eq!(name(&bench.directory.ready().await), "unavailable");
    assert!(bench.control().calls().is_empty(), "{:?}", bench.control().calls());
}

#[tokio::test]
async fn a_trial_that_succeeds_ends_it() {
    let bench = fragile().await;
    break_it(&bench).await;
    bench.control().clear_faults();
    pass(Duration::from_secs(1)).await;
    bench.find().await.unwrap();
    bench.find().await.unwrap();
    bench.directory.ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 2);
}

#[tokio::test]
async fn one_trial_is_made_at_a_time_and_if_it_fails_the_wait_doubles() {
    let bench = fragile().await;
    break_it(&bench).await;
    pass(Duration::from_secs(1)).await;
    bench.control().update(|switches| switches.latency_millis = 50);
    let (a, b, c) = tokio::join!(bench.find(), bench.find(), bench.find());
    let mut names = [name(&a), name(&b), name(&c)];
    names.sort_unstable();
    // After its first send the trial's own circuit is open again.
    assert_eq!(names, ["unavailable"; 3]);
    assert_eq!(bench.calls(GET_USER), 1);
    let left = wait(&bench.find().await).unwrap();
    assert!(left > Duration::from_secs(1) && left <= Duration::from_secs(2), "{left:?}");
}

#[tokio::test]
async fn limits_and_refusals_are_no_failures() {
    let bench = fragile().await;
    for status in [429, 404, 403, 409, 400] {
        bench.fault(GET_USER, None, FaultKind::Status { status, retry_after: Some(50) });
        for _ in 0..7 {
            let _ = bench.find().await;
        }
        bench.control().clear_faults();
    }
    bench.find().await.unwrap();
}

#[tokio::test]
async fn timeouts_resets_and_garbage_are() {
    for kind in [FaultKind::Hang, FaultKind::ResetBefore, FaultKind::Html { status: 200 }] {
        let bench = Bench::with(Config::default(), |config| {
            config.timeout = Duration::from_millis(300);
            config.circuit.failures = 3;
            config.circuit.span = Duration::ZERO;
        })
        .await;
        bench.fault(GET_USER, None, kind.clone());
        for _ in 0..3 {
            let _ = bench.find().await;
        }
        assert_eq!(bench.calls(GET_USER), 3, "{kind:?}");
        assert_eq!(name(&bench.find().await), "unavailable", "{kind:?}");
    }
}

#[tokio::test]
async fn one_blip_under_load_stops_nobody() {
    let bench = Bench::new().await;
    bench.control().update(|switches| switches.latency_millis = 20);
    bench.fault(GET_USER, 20, FaultKind::ResetBefore);
    assert_eq!(bench.crowd(20).await, ["ok"; 20]);
}
