//! Readiness checks.

use std::time::Duration;

use auth0_sim::FaultKind;
use ports::UserDirectory;

use crate::support::{Bench, GET_USER, Operation, TOKEN, advance, outcome_name};

/// A bench whose last successful call was too long ago.
async fn idle_bench() -> Bench {
    let bench = Bench::new().await;
    advance(Duration::from_secs(6)).await;
    bench
}

#[tokio::test]
async fn recent_success_needs_no_readiness_probe() {
    let bench = Bench::new().await;
    bench.directory.check_ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 0);
    advance(Duration::from_secs(6)).await;
    bench.directory.check_ready().await.unwrap();
    // The cached result does not age, however slow the machine is.
    tokio::time::pause();
    for _ in 0..10 {
        bench.directory.check_ready().await.unwrap();
    }
    assert_eq!(bench.calls(GET_USER), 1);
}

#[tokio::test]
async fn concurrent_readiness_checks_share_one_probe() {
    for (kind, expected) in [
        (FaultKind::Delay { millis: 50 }, "ok"),
        (FaultKind::Status { status: 500, retry_after: None }, "failed"),
    ] {
        let bench = idle_bench().await;
        bench.control().update_switches(|switches| switches.latency_millis = 50);
        bench.add_fault(GET_USER, None, kind);
        let ready = || bench.directory.check_ready();
        let (a, b, c) = tokio::join!(ready(), ready(), ready());
        assert_eq!([outcome_name(&a), outcome_name(&b), outcome_name(&c)], [expected; 3]);
        assert_eq!(bench.calls(GET_USER), 1);
    }
}

#[tokio::test]
async fn failing_auth0_is_unready_after_one_probe() {
    for (kind, expected) in [
        (FaultKind::Status { status: 503, retry_after: None }, "unavailable"),
        (FaultKind::Status { status: 500, retry_after: None }, "failed"),
        (FaultKind::Status { status: 401, retry_after: None }, "failed"),
        (FaultKind::Status { status: 403, retry_after: None }, "failed"),
        (FaultKind::Html { status: 404 }, "failed"),
        (FaultKind::Malformed, "failed"),
        (FaultKind::ResetBefore, "failed"),
    ] {
        let bench = idle_bench().await;
        bench.add_fault(GET_USER, None, kind.clone());
        assert_eq!(outcome_name(&bench.directory.check_ready().await), expected, "{kind:?}");
        let probes = if matches!(kind, FaultKind::Status { status: 401, .. }) { 2 } else { 1 };
        assert_eq!(bench.calls(GET_USER), probes, "{kind:?}");
    }
}

#[tokio::test]
async fn rate_limited_auth0_is_ready() {
    let bench = idle_bench().await;
    bench.add_fault(GET_USER, None, FaultKind::Status { status: 429, retry_after: Some(50) });
    bench.directory.check_ready().await.unwrap();
    assert_eq!(bench.calls(GET_USER), 1);
}

#[tokio::test]
async fn missing_token_is_unready_despite_log_ins() {
    let bench = idle_bench().await;
    bench.control().revoke_tokens();
    bench.add_fault(TOKEN, None, FaultKind::Status { status: 401, retry_after: None });
    bench.run(Operation::LogIn).await.unwrap();
    assert_eq!(outcome_name(&bench.directory.check_ready().await), "failed");
    bench.control().clear_faults();
    advance(Duration::from_millis(1100)).await;
    bench.directory.check_ready().await.unwrap();
}

#[tokio::test]
async fn failed_probe_is_not_repeated_within_a_second() {
    let bench = idle_bench().await;
    bench.add_fault(GET_USER, None, FaultKind::Status { status: 500, retry_after: None });
    assert_eq!(outcome_name(&bench.directory.check_ready().await), "failed");
    // The cached failure does not age, however slow the machine is.
    tokio::time::pause();
    for _ in 0..20 {
        assert_eq!(outcome_name(&bench.directory.check_ready().await), "failed");
    }
    tokio::time::resume();
    assert_eq!(bench.calls(GET_USER), 1);
    bench.control().clear_faults();
    advance(Duration::from_millis(1100)).await;
    bench.directory.check_ready().await.unwrap();
}
