//! What is told of each call: to the watch, and to the inbound call that it is part of.

use std::time::Duration;

use auth0_sim::{Config, FaultKind, RateLimit};
use ports::{CallContext, Quota, RequestOutcome};
use tokio::time::Instant;

use crate::book::Note;
use crate::support::{Bench, GET_USER, Operation, name};

const OK: RequestOutcome = RequestOutcome::Status(200);

#[tokio::test]
async fn every_send_is_told_once_with_its_kind() {
    let made = RequestOutcome::Status(201);
    for (operation, expected) in [
        (Operation::Find, vec![("read", 1, OK)]),
        (Operation::List, vec![("search", 1, OK)]),
        (Operation::Enlist, vec![("read", 1, OK), ("write", 1, made)]),
        (Operation::Create, vec![("write", 1, made)]),
        (Operation::Change, vec![("write", 1, OK)]),
        (Operation::Delete, vec![("write", 1, RequestOutcome::Status(204))]),
        (Operation::LogIn, vec![("password_check", 1, OK)]),
    ] {
        let bench = Bench::new().await;
        bench.run(operation).await.unwrap();
        assert_eq!(bench.book.sent(), expected, "{operation:?}");
    }
}

#[tokio::test]
async fn a_token_and_a_mail_are_kinds_of_their_own() {
    let bench = Bench::with(Config::default(), |config| {
        config.invite = auth0_adapter::Invite::ResetEmail;
    })
    .await;
    bench.control().revoke_tokens();
    bench.run(Operation::Create).await.unwrap();
    let (refused, made) = (RequestOutcome::Status(401), RequestOutcome::Status(201));
    let expected = [("write", 1, refused), ("token", 1, OK), ("write", 2, made), ("mail", 1, OK)];
    assert_eq!(bench.book.sent(), expected);
}

#[tokio::test]
async fn what_comes_of_a_send_is_told_and_repetitions_are_counted() {
    for (kind, outcome) in [
        (FaultKind::Status { status: 502, retry_after: None }, RequestOutcome::Status(502)),
        (FaultKind::ResetBefore, RequestOutcome::Broken),
        (FaultKind::Hang, RequestOutcome::TimedOut),
    ] {
        let bench = Bench::with(Config::default(), |config| {
            config.timeout = Duration::from_millis(400);
        })
        .await;
        bench.fault(GET_USER, 1, kind.clone());
        bench.find().await.unwrap();
        assert_eq!(bench.book.sent(), [("read", 1, outcome), ("read", 2, OK)], "{kind:?}");
    }
    let bench = Bench::new().await.moved_away();
    assert_eq!(name(&bench.find().await), "unavailable");
    let token = |attempt| ("token", attempt, RequestOutcome::Unreachable);
    assert_eq!(bench.book.sent(), [token(1), token(2), token(3)]);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_told_too() {
    let bench = Bench::new().await;
    bench.fault(GET_USER, None, FaultKind::Hang);
    tokio::select! {
        found = bench.find() => panic!("{found:?}"),
        () = bench.asked(GET_USER, 1) => {}
    }
    // The task is ended by its caller's going, in its own time.
    while bench.book.sent().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.book.sent(), [("read", 1, RequestOutcome::Abandoned)]);
}

#[tokio::test]
async fn what_auth0_says_that_it_takes_is_told() {
    let bench = Bench::new().await;
    bench.control().update(|switches| switches.rate_limit = Some(RateLimit::enterprise()));
    bench.find().await.unwrap();
    let allowance = Quota { limit: 50, remaining: 49 };
    assert!(bench.book.notes().contains(&Note::Quota("read", allowance)));
}

#[tokio::test]
async fn an_inbound_call_counts_what_is_sent_for_it() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    let call = CallContext::new("a-request".into(), Instant::now() + Duration::from_mins(1));
    call.clone().scope(bench.find()).await.unwrap();
    assert_eq!(call.upstream_calls(), 3, "refused, a token, and once more");
    bench.find().await.unwrap();
    assert_eq!(call.upstream_calls(), 3);
}
