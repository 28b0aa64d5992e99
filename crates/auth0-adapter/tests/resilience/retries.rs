//! What is sent again, and how often.

use auth0_sim::FaultKind;

use crate::support::{Bench, Operation, name};

const BAD: FaultKind = FaultKind::Status { status: 502, retry_after: None };

#[tokio::test]
async fn what_keeps_failing_is_sent_at_most_three_times_and_only_if_that_is_safe() {
    for operation in Operation::ALL {
        for (kind, expected) in [
            (FaultKind::Status { status: 500, retry_after: None }, "failed"),
            (BAD, "failed"),
            (FaultKind::Status { status: 503, retry_after: None }, "unavailable"),
            (FaultKind::Status { status: 504, retry_after: None }, "timeout"),
            (FaultKind::ResetBefore, "failed"),
        ] {
            let bench = Bench::new().await;
            bench.fault(operation.route(), None, kind.clone());
            let result = bench.run(operation).await;
            assert_eq!(name(&result), expected, "{operation:?} {kind:?}");
            let sends = bench.calls(operation.route());
            assert_eq!(sends, operation.sends(), "{operation:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn what_fails_twice_succeeds_the_third_time() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.is_repeatable()) {
        for kind in [BAD, FaultKind::ResetBefore, FaultKind::Truncated] {
            if operation == Operation::Delete && kind == FaultKind::Truncated {
                // Its answer has no body.
                continue;
            }
            let bench = Bench::new().await;
            bench.fault(operation.route(), 2, kind.clone());
            let result = bench.run(operation).await;
            assert_eq!(name(&result), "ok", "{operation:?} {kind:?}");
            assert_eq!(bench.calls(operation.route()), 3, "{operation:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_a_deletion() {
    let bench = Bench::new().await;
    bench.fault(Operation::Delete.route(), 1, FaultKind::ResetAfter);
    assert_eq!(name(&bench.run(Operation::Delete).await), "ok");
    assert_eq!(bench.calls(Operation::Delete.route()), 2);
    assert_eq!(bench.control().user(bench.jane.id.as_str()), None);
}

#[tokio::test]
async fn a_slow_search_is_tried_once_more_and_no_sign_of_ill_health() {
    let bench = Bench::with(auth0_sim::Config::default(), |config| {
        config.circuit.failures = 1;
        config.circuit.span = std::time::Duration::ZERO;
    })
    .await;
    bench.control().update(|switches| switches.slow_search = true);
    for _ in 0..3 {
        let before = bench.calls(Operation::List.route());
        assert_eq!(name(&bench.run(Operation::List).await), "unavailable");
        assert_eq!(bench.calls(Operation::List.route()) - before, 2);
    }
    bench.control().update(|switches| switches.slow_search = false);
    assert_eq!(name(&bench.run(Operation::List).await), "ok");
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_in_doubt() {
    let bench = Bench::new().await.moved_away();
    for operation in Operation::ALL {
        assert_eq!(name(&bench.run(operation).await), "unavailable", "{operation:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_told_as_not_done() {
    for then in [
        FaultKind::Status { status: 429, retry_after: Some(50) },
        FaultKind::Status { status: 403, retry_after: None },
    ] {
        let bench = Bench::new().await;
        bench.fault(Operation::Change.route(), 1, FaultKind::ResetAfter);
        bench.fault(Operation::Change.route(), None, then.clone());
        // "Unavailable", say, would mean that nothing was done.
        let result = bench.run(Operation::Change).await;
        let told = crate::support::told(&result.unwrap_err());
        assert!(told.contains("broke off"), "{then:?} {told}");
        assert_eq!(bench.calls(Operation::Change.route()), 2, "{then:?}");
    }
}

#[tokio::test]
async fn who_gave_up_on_the_way_may_have_passed_it_on() {
    for operation in Operation::ALL {
        let bench = Bench::new().await;
        let status = FaultKind::Status { status: 408, retry_after: None };
        bench.fault(operation.route(), None, status);
        assert_eq!(name(&bench.run(operation).await), "timeout", "{operation:?}");
        assert_eq!(bench.calls(operation.route()), operation.sends(), "{operation:?}");
    }
}
