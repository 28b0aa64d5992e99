//! Circuit breakers: calls to an Auth0 that keeps failing stop for a while, for each kind
//! separately.

use std::sync::Arc;
use std::time::Duration;

use auth0_sim::{Config, FaultKind};
use ports::{CircuitState, UserDirectory};

use crate::recording_observer::{Observation, RecordingObserver};
use crate::support::{
    Bench, GET_USER, Operation, advance, observed_directory, outcome_name, retry_after,
};

const DOWN: FaultKind = FaultKind::Status { status: 500, retry_after: None };

async fn fragile_bench() -> Bench {
    Bench::with(Config::default(), |config| {
        config.circuit_breaker.failure_threshold = 6;
        config.circuit_breaker.min_failure_span = Duration::ZERO;
    })
    .await
}

/// Two calls of three attempts each.
async fn open_read_circuit(bench: &Bench) {
    bench.add_fault(GET_USER, None, DOWN);
    for _ in 0..2 {
        assert_eq!(outcome_name(&bench.find().await), "failed");
    }
    assert_eq!(bench.calls(GET_USER), 6);
    bench.control().reset_calls();
}

#[tokio::test]
async fn open_circuit_fails_calls_without_sending() {
    for operation in Operation::ALL {
        let bench = fragile_bench().await;
        let route = operation.route();
        bench.add_fault(route, None, DOWN);
        while bench.calls(route) < 6 {
            assert_eq!(outcome_name(&bench.run(operation).await), "failed", "{operation:?}");
        }
        assert_eq!(bench.calls(route), 6, "{operation:?}");
        bench.control().clear_faults();
        bench.control().reset_calls();
        let left = retry_after(&bench.run(operation).await).unwrap();
        assert!(left <= Duration::from_secs(1), "{operation:?} {left:?}");
        assert!(bench.control().calls().is_empty(), "{:?}", bench.control().calls());
    }
}

#[tokio::test]
async fn failing_searches_affect_no_other_kind() {
    let bench = fragile_bench().await;
    bench.add_fault(Operation::List.route(), None, DOWN);
    for expected in ["failed", "failed", "unavailable"] {
        assert_eq!(outcome_name(&bench.run(Operation::List).await), expected);
    }
    // Attaching needs the search: without it, a second account could be created.
    let searches = [Operation::List, Operation::Attach];
    for operation in Operation::ALL.into_iter().filter(|operation| !searches.contains(operation)) {
        // The one account cannot be deleted twice, nor another be created with its address.
        assert_ne!(outcome_name(&bench.run(operation).await), "unavailable", "{operation:?}");
    }
    advance(Duration::from_secs(6)).await;
    bench.directory.check_ready().await.unwrap();
}

#[tokio::test]
async fn failing_reads_make_it_unready_but_allow_writes() {
    let bench = fragile_bench().await;
    open_read_circuit(&bench).await;
    assert_eq!(outcome_name(&bench.directory.check_ready().await), "unavailable");
    assert_eq!(bench.calls(GET_USER), 0);
    bench.run(Operation::Change).await.unwrap();
    bench.run(Operation::LogIn).await.unwrap();
}

#[tokio::test]
async fn circuit_changes_are_observed() {
    let bench = fragile_bench().await;
    let observed_states = || {
        let circuit = |note| match note {
            Observation::Circuit("read", circuit) => Some(circuit),
            Observation::Circuit(..)
            | Observation::Request(_)
            | Observation::Quota(..)
            | Observation::Waiting(..) => None,
        };
        bench.observer.observations().into_iter().filter_map(circuit).collect::<Vec<_>>()
    };
    open_read_circuit(&bench).await;
    assert_eq!(observed_states(), [CircuitState::Open]);
    advance(Duration::from_secs(1)).await;
    bench.control().clear_faults();
    bench.find().await.unwrap();
    assert_eq!(
        observed_states(),
        [CircuitState::Open, CircuitState::HalfOpen, CircuitState::Closed]
    );
}

#[tokio::test]
async fn initial_circuit_of_each_kind_is_observed() {
    let observer = Arc::new(RecordingObserver::default());
    let _directory = observed_directory("http://127.0.0.1:1", observer.clone(), |_| {});
    let kinds = ["read", "search", "write", "password_check", "token", "mail"];
    for kind in kinds {
        assert!(
            observer.observations().contains(&Observation::Circuit(kind, CircuitState::Closed)),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn successful_trial_closes_the_circuit() {
    let bench = fragile_bench().await;
    open_read_circuit(&bench).await;
    bench.control().clear_faults();
    advance(Duration::from_secs(1)).await;
    bench.find().await.unwrap();
    bench.find().await.unwrap();
    bench.directory.check_ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 2);
}

#[tokio::test]
async fn failed_trial_doubles_the_open_time() {
    let bench = fragile_bench().await;
    open_read_circuit(&bench).await;
    advance(Duration::from_secs(1)).await;
    bench.control().update_switches(|switches| switches.latency_millis = 50);
    let (a, b, c) = tokio::join!(bench.find(), bench.find(), bench.find());
    let mut names = [outcome_name(&a), outcome_name(&b), outcome_name(&c)];
    names.sort_unstable();
    // After its first attempt fails, the trial's own circuit is open again.
    assert_eq!(names, ["unavailable"; 3]);
    assert_eq!(bench.calls(GET_USER), 1);
    let left = retry_after(&bench.find().await).unwrap();
    assert!(left > Duration::from_secs(1) && left <= Duration::from_secs(2), "{left:?}");
}

#[tokio::test]
async fn rate_limits_and_4xx_do_not_open_the_circuit() {
    let bench = fragile_bench().await;
    for status in [429, 404, 403, 409, 400] {
        bench.add_fault(GET_USER, None, FaultKind::Status { status, retry_after: Some(50) });
        for _ in 0..7 {
            let _ = bench.find().await;
        }
        bench.control().clear_faults();
        // The requested wait is over.
        advance(Duration::from_secs(51)).await;
    }
    bench.find().await.unwrap();
}

#[tokio::test]
async fn timeouts_and_malformed_responses_open_the_circuit() {
    for kind in [FaultKind::Hang, FaultKind::ResetBefore, FaultKind::Html { status: 200 }] {
        let bench = Bench::with(Config::default(), |config| {
            config.timeout = Duration::from_secs(1);
            config.circuit_breaker.failure_threshold = 3;
            config.circuit_breaker.min_failure_span = Duration::ZERO;
        })
        .await;
        bench.add_fault(GET_USER, None, kind.clone());
        for _ in 0..3 {
            let _ = bench.find().await;
        }
        assert_eq!(bench.calls(GET_USER), 3, "{kind:?}");
        assert_eq!(outcome_name(&bench.find().await), "unavailable", "{kind:?}");
    }
}

#[tokio::test]
async fn single_blip_under_load_opens_no_circuit() {
    let bench = Bench::new().await;
    bench.control().update_switches(|switches| switches.latency_millis = 20);
    bench.add_fault(GET_USER, 20, FaultKind::ResetBefore);
    assert_eq!(bench.find_concurrently(20).await, ["ok"; 20]);
}
