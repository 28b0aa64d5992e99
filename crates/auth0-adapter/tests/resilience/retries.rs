//! Retries: which requests are sent again, and how often.

use auth0_sim::FaultKind;

use crate::support::{Bench, Operation, outcome_name};

const BAD: FaultKind = FaultKind::Status { status: 502, retry_after: None };

#[tokio::test]
async fn failing_call_is_sent_three_times_if_repeatable() {
    for operation in Operation::ALL {
        for (kind, expected) in [
            (FaultKind::Status { status: 500, retry_after: None }, "failed"),
            (BAD, "failed"),
            (FaultKind::Status { status: 503, retry_after: None }, "unavailable"),
            (FaultKind::Status { status: 504, retry_after: None }, "timeout"),
            (FaultKind::ResetBefore, "failed"),
        ] {
            let bench = Bench::new().await;
            bench.add_fault(operation.route(), None, kind.clone());
            let result = bench.run(operation).await;
            assert_eq!(outcome_name(&result), expected, "{operation:?} {kind:?}");
            let sends = bench.calls(operation.route());
            assert_eq!(sends, operation.sends(), "{operation:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn third_attempt_succeeds_after_two_failures() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.is_repeatable()) {
        for kind in [BAD, FaultKind::ResetBefore, FaultKind::Truncated] {
            if operation == Operation::Delete && kind == FaultKind::Truncated {
                // Its response has no body.
                continue;
            }
            let bench = Bench::new().await;
            bench.add_fault(operation.route(), 2, kind.clone());
            let result = bench.run(operation).await;
            assert_eq!(outcome_name(&result), "ok", "{operation:?} {kind:?}");
            assert_eq!(bench.calls(operation.route()), 3, "{operation:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn lost_delete_response_is_a_success() {
    let bench = Bench::new().await;
    bench.add_fault(Operation::Delete.route(), 1, FaultKind::ResetAfter);
    assert_eq!(outcome_name(&bench.run(Operation::Delete).await), "ok");
    assert_eq!(bench.calls(Operation::Delete.route()), 2);
    assert_eq!(bench.control().user(bench.jane.id.as_str()), None);
}

#[tokio::test]
async fn slow_search_is_retried_once_and_opens_no_circuit() {
    let bench = Bench::with(auth0_sim::Config::default(), |config| {
        config.circuit_breaker.failure_threshold = 1;
        config.circuit_breaker.min_failure_span = std::time::Duration::ZERO;
    })
    .await;
    bench.control().update_switches(|switches| switches.slow_search = true);
    for _ in 0..3 {
        let before = bench.calls(Operation::List.route());
        assert_eq!(outcome_name(&bench.run(Operation::List).await), "unavailable");
        assert_eq!(bench.calls(Operation::List.route()) - before, 2);
    }
    bench.control().update_switches(|switches| switches.slow_search = false);
    assert_eq!(outcome_name(&bench.run(Operation::List).await), "ok");
}

#[tokio::test]
async fn unreachable_auth0_is_unavailable() {
    let bench = Bench::new().await.unreachable();
    for operation in Operation::ALL {
        assert_eq!(outcome_name(&bench.run(operation).await), "unavailable", "{operation:?}");
    }
}

#[tokio::test]
async fn uncertain_attempt_determines_the_error() {
    for then in [
        FaultKind::Status { status: 429, retry_after: Some(50) },
        FaultKind::Status { status: 403, retry_after: None },
    ] {
        let bench = Bench::new().await;
        bench.add_fault(Operation::Change.route(), 1, FaultKind::ResetAfter);
        bench.add_fault(Operation::Change.route(), None, then.clone());
        // For example `Unavailable` would mean that nothing was done.
        let result = bench.run(Operation::Change).await;
        let text = crate::support::error_text(&result.unwrap_err());
        assert!(text.contains("connection to Auth0 broke"), "{then:?} {text}");
        assert_eq!(bench.calls(Operation::Change.route()), 2, "{then:?}");
    }
}

#[tokio::test]
async fn status_408_has_an_unknown_outcome() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        let status = FaultKind::Status { status: 408, retry_after: None };
        bench.add_fault(operation.route(), None, status);
        assert_eq!(outcome_name(&bench.run(operation).await), "timeout", "{operation:?}");
        assert_eq!(bench.calls(operation.route()), operation.sends(), "{operation:?}");
    }
}
