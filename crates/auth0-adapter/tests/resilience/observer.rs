//! Observation of each request: by the observer, and by the inbound call.

use std::time::Duration;

use auth0_sim::{Config, FaultKind, RateLimit};
use ports::{CallContext, Quota, RequestOutcome};
use tokio::time::Instant;

use crate::recording_observer::Observation;
use crate::support::{Bench, GET_USER, Operation, outcome_name};

const OK: RequestOutcome = RequestOutcome::Status(200);

#[tokio::test]
async fn every_attempt_is_observed_once_with_its_kind() {
    let created = RequestOutcome::Status(201);
    for (operation, expected) in [
        (Operation::Find, vec![("read", 1, OK)]),
        (Operation::List, vec![("search", 1, OK)]),
        (Operation::Attach, vec![("read", 1, OK), ("search", 1, OK), ("write", 1, created)]),
        (Operation::Create, vec![("write", 1, created)]),
        (Operation::Change, vec![("write", 1, OK)]),
        (Operation::Delete, vec![("write", 1, RequestOutcome::Status(204))]),
        (Operation::LogIn, vec![("password_check", 1, OK)]),
    ] {
        let bench = Bench::new().await;
        bench.run(operation).await.unwrap();
        assert_eq!(bench.observer.requests(), expected, "{operation:?}");
    }
}

#[tokio::test]
async fn token_and_mail_requests_have_their_own_kinds() {
    let bench = Bench::with(Config::default(), |config| {
        config.invite = auth0_adapter::Invite::ResetEmail;
    })
    .await;
    bench.control().revoke_tokens();
    bench.run(Operation::Create).await.unwrap();
    let (refused, created) = (RequestOutcome::Status(401), RequestOutcome::Status(201));
    let expected =
        [("write", 1, refused), ("token", 1, OK), ("write", 2, created), ("mail", 1, OK)];
    assert_eq!(bench.observer.requests(), expected);
}

#[tokio::test]
async fn outcomes_and_attempt_numbers_are_observed() {
    for (kind, outcome) in [
        (FaultKind::Status { status: 502, retry_after: None }, RequestOutcome::Status(502)),
        (FaultKind::ResetBefore, RequestOutcome::Broken),
        (FaultKind::Hang, RequestOutcome::TimedOut),
    ] {
        let bench = Bench::with(Config::default(), |config| {
            config.timeout = Duration::from_secs(1);
        })
        .await;
        bench.add_fault(GET_USER, 1, kind.clone());
        bench.find().await.unwrap();
        assert_eq!(bench.observer.requests(), [("read", 1, outcome), ("read", 2, OK)], "{kind:?}");
    }
    let bench = Bench::new().await.unreachable();
    assert_eq!(outcome_name(&bench.find().await), "unavailable");
    let token = |attempt| ("token", attempt, RequestOutcome::Unreachable);
    assert_eq!(bench.observer.requests(), [token(1), token(2), token(3)]);
}

#[tokio::test]
async fn abandoned_request_is_observed() {
    let bench = Bench::new().await;
    bench.add_fault(GET_USER, None, FaultKind::Hang);
    tokio::select! {
        found = bench.find() => panic!("{found:?}"),
        () = bench.wait_for_calls(GET_USER, 1) => {}
    }
    // The task ends some time after its caller was cancelled.
    bench.observer.wait_until(|observer| !observer.requests().is_empty()).await;
    assert_eq!(bench.observer.requests(), [("read", 1, RequestOutcome::Abandoned)]);
}

#[tokio::test]
async fn quota_headers_are_observed() {
    let bench = Bench::new().await;
    bench.control().update_switches(|switches| switches.rate_limit = Some(RateLimit::enterprise()));
    bench.find().await.unwrap();
    let allowance = Quota { limit: 50, remaining: 49 };
    assert!(bench.observer.observations().contains(&Observation::Quota("read", allowance)));
}

#[tokio::test]
async fn inbound_call_counts_its_upstream_calls() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    let call = CallContext::new("a-request".into(), Instant::now() + Duration::from_mins(1));
    call.clone().scope(bench.find()).await.unwrap();
    assert_eq!(call.upstream_calls(), 3, "refused, a token, and once more");
    bench.find().await.unwrap();
    assert_eq!(call.upstream_calls(), 3);
}
