//! An Auth0 that keeps failing is left alone for a while, each kind of call by itself.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Config, FaultKind};
use ports::{CircuitState, UserDirectory};

use crate::book::{Book, Note};
use crate::support::{Bench, GET_USER, Operation, directory_told, name, pass, wait};

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
async fn after_enough_failures_such_calls_fail_at_once_without_being_sent() {
    for operation in Operation::ALL {
        let bench = fragile().await;
        let route = operation.route();
        bench.fault(route, None, DOWN);
        while bench.calls(route) < 6 {
            assert_eq!(name(&bench.run(operation).await), "failed", "{operation:?}");
        }
        assert_eq!(bench.calls(route), 6, "{operation:?}");
        bench.control().clear_faults();
        bench.control().reset_calls();
        let left = wait(&bench.run(operation).await).unwrap();
        assert!(left <= Duration::from_secs(1), "{operation:?} {left:?}");
        assert!(bench.control().calls().is_empty(), "{:?}", bench.control().calls());
    }
}

#[tokio::test]
async fn searches_that_fail_leave_everything_else_alone() {
    let bench = fragile().await;
    bench.fault(Operation::List.route(), None, DOWN);
    for expected in ["failed", "failed", "unavailable"] {
        assert_eq!(name(&bench.run(Operation::List).await), expected);
    }
    for operation in Operation::ALL.into_iter().filter(|operation| *operation != Operation::List) {
        // The one account that there is cannot be deleted twice, nor another be made of its name.
        assert_ne!(name(&bench.run(operation).await), "unavailable", "{operation:?}");
    }
    pass(Duration::from_secs(6)).await;
    bench.directory.check_ready().await.unwrap();
}

#[tokio::test]
async fn reads_that_fail_make_it_not_ready_and_leave_writes_alone() {
    let bench = fragile().await;
    break_it(&bench).await;
    assert_eq!(name(&bench.directory.check_ready().await), "unavailable");
    assert_eq!(bench.calls(GET_USER), 0);
    bench.run(Operation::Change).await.unwrap();
    bench.run(Operation::LogIn).await.unwrap();
}

#[tokio::test]
async fn each_change_of_a_circuit_is_told() {
    let bench = fragile().await;
    let told = || {
        let circuit = |note| match note {
            Note::CircuitState("read", circuit) => Some(circuit),
            Note::CircuitState(..)
            | Note::UpstreamRequest(_)
            | Note::Quota(..)
            | Note::Waiting(..) => None,
        };
        bench.book.notes().into_iter().filter_map(circuit).collect::<Vec<_>>()
    };
    break_it(&bench).await;
    assert_eq!(told(), [CircuitState::Open]);
    pass(Duration::from_secs(1)).await;
    bench.control().clear_faults();
    bench.find().await.unwrap();
    assert_eq!(told(), [CircuitState::Open, CircuitState::HalfOpen, CircuitState::Closed]);
}

#[tokio::test]
async fn the_circuit_of_each_kind_is_told_when_there_is_one() {
    let book = Arc::new(Book::default());
    let _directory = directory_told("http://127.0.0.1:1", book.clone(), |_| {});
    let kinds = ["read", "search", "write", "password_check", "token", "mail"];
    for kind in kinds {
        assert!(book.notes().contains(&Note::CircuitState(kind, CircuitState::Closed)), "{kind}");
    }
}

#[tokio::test]
async fn a_trial_that_succeeds_ends_it() {
    let bench = fragile().await;
    break_it(&bench).await;
    bench.control().clear_faults();
    pass(Duration::from_secs(1)).await;
    bench.find().await.unwrap();
    bench.find().await.unwrap();
    bench.directory.check_ready().await.unwrap();
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
        // What the limit asked for is over.
        pass(Duration::from_secs(51)).await;
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
