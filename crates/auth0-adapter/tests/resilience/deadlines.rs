//! Deadlines: no call waits past its deadline.

use std::time::Duration;

use auth0_sim::{Config, FaultKind};
use tokio::time::Instant;

use crate::support::{Bench, Operation, TOKEN, outcome_name};

/// Enough for any response, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(1);

async fn short_timeout_bench() -> Bench {
    Bench::with(Config::default(), |config| config.timeout = TIMEOUT).await
}

#[tokio::test]
async fn hanging_call_times_out() {
    for operation in Operation::ALL {
        assert_eq!(outcome_of(operation, FaultKind::Hang).await, "timeout", "{operation:?}");
    }
}

#[tokio::test]
async fn unanswered_call_times_out() {
    for operation in Operation::ALL {
        // A lost create response is resolved by an e-mail look-up.
        let expected = if operation == Operation::Create { "ok" } else { "timeout" };
        assert_eq!(outcome_of(operation, FaultKind::HangAfter).await, expected, "{operation:?}");
    }
}

async fn outcome_of(operation: Operation, kind: FaultKind) -> &'static str {
    let bench = short_timeout_bench().await;
    bench.add_fault(operation.route(), None, kind);
    let outcome = outcome_name(&bench.run(operation).await);
    assert_eq!(bench.calls(operation.route()), operation.sends(), "{operation:?}");
    outcome
}

#[tokio::test]
async fn hanging_token_request_times_out() {
    let bench = short_timeout_bench().await;
    bench.control().revoke_tokens();
    bench.add_fault(TOKEN, None, FaultKind::Hang);
    assert_eq!(outcome_name(&bench.find().await), "timeout");
    assert_eq!(bench.calls(TOKEN), 3);
}

#[tokio::test]
async fn call_deadline_ends_every_operation() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        bench.add_fault(operation.route(), None, FaultKind::Hang);
        let start = Instant::now();
        let result = bench.run_within(TIMEOUT, operation).await;
        assert_eq!(outcome_name(&result), "timeout", "{operation:?}");
        assert!(start.elapsed() >= TIMEOUT, "{operation:?}");
        // Without a deadline, the call would take its timeout.
        assert!(start.elapsed() < Duration::from_secs(15), "{operation:?}: {:?}", start.elapsed());
        assert_eq!(bench.calls(operation.route()), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn configured_deadline_applies_without_a_call() {
    let bench = Bench::with(Config::default(), |config| config.deadline = TIMEOUT).await;
    bench.add_fault(Operation::Find.route(), None, FaultKind::Hang);
    assert_eq!(outcome_name(&bench.find().await), "timeout");
    assert_eq!(bench.calls(Operation::Find.route()), 1);
}

#[tokio::test]
async fn expired_deadline_sends_nothing() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        let result = bench.run_within(Duration::ZERO, operation).await;
        assert_eq!(outcome_name(&result), "timeout", "{operation:?}");
        assert!(bench.control().calls().is_empty(), "{operation:?}");
    }
}
