//! Whether Auth0 takes calls, asked often.

use std::time::Duration;

use auth0_sim::FaultKind;
use ports::UserDirectory;

use crate::support::{Bench, GET_USER, Operation, TOKEN, name, pass};

/// A bench that heard from Auth0 too long ago.
async fn silent() -> Bench {
    let bench = Bench::new().await;
    pass(Duration::from_secs(6)).await;
    bench
}

#[tokio::test]
async fn what_calls_found_out_a_moment_ago_is_good_enough() {
    let bench = Bench::new().await;
    bench.directory.check_ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 0);
    pass(Duration::from_secs(6)).await;
    for _ in 0..10 {
        bench.directory.check_ready().await.unwrap();
    }
    assert_eq!(bench.calls(GET_USER), 1);
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_share_one_call() {
    for (kind, expected) in [
        (FaultKind::Delay { millis: 50 }, "ok"),
        (FaultKind::Status { status: 500, retry_after: None }, "failed"),
    ] {
        let bench = silent().await;
        bench.control().update(|switches| switches.latency_millis = 50);
        bench.fault(GET_USER, None, kind);
        let ready = || bench.directory.check_ready();
        let (a, b, c) = tokio::join!(ready(), ready(), ready());
        assert_eq!([name(&a), name(&b), name(&c)], [expected; 3]);
        assert_eq!(bench.calls(GET_USER), 1);
    }
}

#[tokio::test]
async fn an_auth0_that_fails_is_not_ready_and_is_asked_once() {
    for (kind, expected) in [
        (FaultKind::Status { status: 503, retry_after: None }, "unavailable"),
        (FaultKind::Status { status: 500, retry_after: None }, "failed"),
        (FaultKind::Status { status: 401, retry_after: None }, "failed"),
        (FaultKind::Status { status: 403, retry_after: None }, "failed"),
        (FaultKind::Html { status: 404 }, "failed"),
        (FaultKind::Malformed, "failed"),
        (FaultKind::ResetBefore, "failed"),
    ] {
        let bench = silent().await;
        bench.fault(GET_USER, None, kind.clone());
        assert_eq!(name(&bench.directory.check_ready().await), expected, "{kind:?}");
        let asked = if matches!(kind, FaultKind::Status { status: 401, .. }) { 2 } else { 1 };
        assert_eq!(bench.calls(GET_USER), asked, "{kind:?}");
    }
}

#[tokio::test]
async fn a_limit_is_no_reason_to_send_callers_elsewhere() {
    let bench = silent().await;
    bench.fault(GET_USER, None, FaultKind::Status { status: 429, retry_after: Some(50) });
    bench.directory.check_ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 1);
}

#[tokio::test]
async fn without_a_token_it_is_not_ready_whatever_log_ins_find_out() {
    let bench = silent().await;
    bench.control().revoke_tokens();
    bench.fault(TOKEN, None, FaultKind::Status { status: 401, retry_after: None });
    bench.run(Operation::LogIn).await.unwrap();
    assert_eq!(name(&bench.directory.check_ready().await), "failed");
    bench.control().clear_faults();
    pass(Duration::from_millis(1100)).await;
    bench.directory.check_ready().await.unwrap();
}

#[tokio::test]
async fn a_failure_is_not_asked_for_again_within_a_second() {
    let bench = silent().await;
    bench.fault(GET_USER, None, FaultKind::Status { status: 500, retry_after: None });
    for _ in 0..20 {
        assert_eq!(name(&bench.directory.check_ready().await), "failed");
    }
    assert!(bench.calls(GET_USER) <= 2, "{}", bench.calls(GET_USER));
    bench.control().clear_faults();
    pass(Duration::from_millis(1100)).await;
    bench.directory.check_ready().await.unwrap();
}
