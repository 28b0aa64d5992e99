//! The token for the Management API.

use std::time::Duration;

use auth0_sim::{Client, Config, FaultKind};

use crate::support::{
    Bench, GET_USER, HIDDEN, Operation, SECRET, TOKEN, advance, error_text, outcome_name,
};

#[tokio::test]
async fn one_token_serves_all_operations() {
    let bench = Bench::new().await;
    let all = [Operation::Find, Operation::List, Operation::Attach, Operation::Change];
    for operation in all.into_iter().chain([Operation::SetPassword, Operation::Delete]) {
        assert_eq!(outcome_name(&bench.run(operation).await), "ok", "{operation:?}");
    }
    assert_eq!(bench.calls(TOKEN), 0, "it was fetched before");
}

#[tokio::test]
async fn concurrent_calls_fetch_one_token() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    bench.control().update_switches(|switches| switches.latency_millis = 30);
    assert_eq!(bench.find_concurrently(50).await, ["ok"; 50]);
    assert_eq!(bench.calls(TOKEN), 1);
    let gets = bench.calls(GET_USER);
    assert!((51..=100).contains(&gets), "each is refused once at most: {gets}");
}

#[tokio::test]
async fn concurrent_calls_share_a_token_failure() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    bench.control().update_switches(|switches| switches.latency_millis = 30);
    bench.add_fault(TOKEN, None, FaultKind::Status { status: 403, retry_after: None });
    assert_eq!(outcome_name(&bench.find().await), "failed");
    bench.control().reset_calls();
    assert_eq!(bench.find_concurrently(50).await, ["failed"; 50]);
    assert_eq!((bench.calls(TOKEN), bench.calls(GET_USER)), (1, 0));
}

#[tokio::test]
async fn rejected_token_is_replaced_once() {
    for operation in Operation::ALL.into_iter().filter(|o| *o != Operation::LogIn) {
        let bench = Bench::new().await;
        bench.control().revoke_tokens();
        assert_eq!(outcome_name(&bench.run(operation).await), "ok", "{operation:?}");
        assert_eq!(bench.calls(TOKEN), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn rejected_replacement_token_is_an_error() {
    let bench = Bench::new().await;
    bench.add_fault(GET_USER, None, FaultKind::Status { status: 401, retry_after: None });
    assert_eq!(outcome_name(&bench.find().await), "failed");
    assert_eq!((bench.calls(GET_USER), bench.calls(TOKEN)), (2, 1));
    bench.control().clear_faults();
    assert_eq!(outcome_name(&bench.find().await), "ok");
}

#[tokio::test]
async fn password_check_uses_no_token() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    assert_eq!(outcome_name(&bench.run(Operation::LogIn).await), "ok");
    assert_eq!(bench.calls(TOKEN), 0);
}

#[tokio::test]
async fn wrong_secret_error_hides_the_secret() {
    let bench = Bench::new().await;
    bench.control().revoke_tokens();
    bench.add_fault(TOKEN, None, FaultKind::Status { status: 401, retry_after: None });
    let result = bench.find().await;
    assert_eq!(outcome_name(&result), "failed");
    assert_eq!(bench.calls(TOKEN), 1, "a refusal is not repeated");
    let text = error_text(&result.unwrap_err());
    assert!(HIDDEN.iter().all(|hidden| !text.contains(hidden)), "{text}");
    assert!(!format!("{:?}", bench.directory).contains("usher-secret"));
}

#[tokio::test]
async fn missing_scope_is_named_in_the_error() {
    let clients = vec![Client { scopes: vec!["read:users".to_owned()], ..Client::default() }];
    let bench = Bench::with(Config { clients, ..Config::default() }, |_| {}).await;
    let result = bench.run(Operation::Change).await;
    assert_eq!(outcome_name(&result), "failed");
    let text = error_text(&result.unwrap_err());
    assert!(text.contains("update:users") && text.contains("insufficient_scope"), "{text}");
    assert!(HIDDEN.iter().all(|hidden| !text.contains(hidden)), "{text}");
}

#[tokio::test]
async fn new_client_secret_applies_without_restart() {
    let bench = Bench::new().await;
    bench.directory.set_client_secret("of-yesterday".into());
    bench.find().await.unwrap();
    assert_eq!(bench.calls(TOKEN), 0, "the token that is held stays");
    assert_eq!(outcome_name(&bench.run(Operation::LogIn).await), "failed");
    bench.control().revoke_tokens();
    assert_eq!(outcome_name(&bench.find().await), "failed");
    // Clones share the secret.
    bench.directory.clone().set_client_secret(SECRET.into());
    bench.find().await.unwrap();
    bench.run(Operation::LogIn).await.unwrap();
    assert_eq!(bench.calls(TOKEN), 2, "one was refused");
    let shown = format!("{:?}", bench.directory);
    assert!(!shown.contains("of-yesterday") && !shown.contains(SECRET), "{shown}");
}

/// A tenant whose tokens expire after 20 s, and are due for renewal 2 s before; the time is
/// simulated.
async fn short_lived_token_bench() -> Bench {
    let mut config = Config::default();
    config.switches.token_lifetime_seconds = 20;
    Bench::with(config, |_| {}).await
}

#[tokio::test]
async fn old_token_is_renewed_by_one_call() {
    let bench = short_lived_token_bench().await;
    advance(Duration::from_secs(17)).await;
    bench.find().await.unwrap();
    assert_eq!(bench.calls(TOKEN), 0, "three seconds are left");
    advance(Duration::from_secs(1)).await;
    bench.control().update_switches(|switches| switches.latency_millis = 30);
    assert_eq!(bench.find_concurrently(20).await, ["ok"; 20]);
    bench.wait_for_calls(TOKEN, 1).await;
    assert_eq!((bench.calls(TOKEN), bench.calls(GET_USER)), (1, 21));
}

#[tokio::test]
async fn failed_renewal_keeps_the_old_token() {
    let bench = short_lived_token_bench().await;
    bench.add_fault(TOKEN, None, FaultKind::Status { status: 500, retry_after: None });
    advance(Duration::from_secs(18)).await;
    for _ in 0..5 {
        bench.find().await.unwrap();
    }
    bench.wait_for_calls(TOKEN, 1).await;
    assert_eq!(bench.calls(TOKEN), 1, "it is left at that for a while");
    advance(Duration::from_secs(2)).await;
    assert_eq!(outcome_name(&bench.find().await), "failed", "now it is dead");
    bench.control().clear_faults();
    bench.find().await.unwrap();
}

#[tokio::test]
async fn calls_do_not_wait_for_a_renewal() {
    let bench = short_lived_token_bench().await;
    advance(Duration::from_secs(19)).await;
    bench.add_fault(TOKEN, None, FaultKind::Hang);
    let found = bench.run_within(Duration::from_secs(10), Operation::Find).await;
    assert_eq!(outcome_name(&found), "ok");
    bench.wait_for_calls(TOKEN, 1).await;
}

#[tokio::test]
async fn constant_401_requests_few_tokens() {
    let bench = Bench::new().await;
    bench.add_fault(GET_USER, None, FaultKind::Status { status: 401, retry_after: None });
    for _ in 0..10 {
        assert_eq!(outcome_name(&bench.find().await), "failed");
    }
    assert_eq!((bench.calls(TOKEN), bench.calls(GET_USER)), (1, 11));
    advance(Duration::from_secs(5)).await;
    assert_eq!(outcome_name(&bench.find().await), "failed");
    assert_eq!((bench.calls(TOKEN), bench.calls(GET_USER)), (2, 13));
}

#[tokio::test]
async fn insufficient_scope_requests_a_new_token() {
    let clients = vec![Client { scopes: vec!["read:users".to_owned()], ..Client::default() }];
    let bench = Bench::with(Config { clients, ..Config::default() }, |_| {}).await;
    for _ in 0..5 {
        assert_eq!(outcome_name(&bench.run(Operation::Change).await), "failed");
    }
    assert_eq!((bench.calls(TOKEN), bench.calls(Operation::Change.route())), (1, 5));
    advance(Duration::from_secs(5)).await;
    for _ in 0..2 {
        assert_eq!(outcome_name(&bench.run(Operation::Change).await), "failed");
    }
    assert_eq!(bench.calls(TOKEN), 2);
}

#[tokio::test]
async fn rejected_token_gives_no_extra_attempts() {
    let bench = Bench::new().await;
    let down = |status| FaultKind::Status { status, retry_after: None };
    bench.add_fault(GET_USER, 1, down(500));
    bench.add_fault(GET_USER, 1, down(401));
    bench.add_fault(GET_USER, None, down(500));
    assert_eq!(outcome_name(&bench.find().await), "failed");
    assert_eq!(bench.calls(GET_USER), 3);
}
