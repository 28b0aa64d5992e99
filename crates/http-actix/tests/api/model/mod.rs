//! A model test: random calls by random callers, compared with a small model of the rules.
//!
//! The calls cover all operations of both contracts, on accounts of several tenants. After
//! each step, the answer and everything that each tenant can see must match the model.
//! Independently of the model, no call may change a byte that another tenant sees, unless the
//! caller acts in the account's home tenant. The outcome of two concurrent calls must be that of
//! one of their two orders.
//!
//! [`rules`] and [`state`] are the model. They follow the specification and use none of the
//! product's policy code. A failure is shrunk and printed as a transcript.
//!
//! Runs are deterministic. For a longer run set `PROPTEST_CASES`, for another one
//! `PROPTEST_RNG_SEED`.

mod callers;
mod calls;
mod conflicts;
mod harness;
mod races;
mod rules;
mod sequence;
mod state;
mod strategies;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use tokio::runtime::{Builder, Runtime};

use callers::{Caller, Issuer, TokenPermissions};
use calls::{Action, UserRef};
use races::run_races;
use sequence::{OutcomeCounts, run_sequence};
use state::ModelState;
use strategies::{Call, SeedLines, Step};

use crate::ON_AUTH0;

/// The number of cases, unless the environment sets it.
const SEQUENCE_CASES: u32 = 24;
const RACE_CASES: u32 = 10;
/// The maximum number of steps in a sequence.
const MAX_STEPS: usize = 50;

fn no_mistake(_: &mut ModelState) {}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Returns a runner with these cases and this seed, unless the environment overrides them.
fn runner(cases: u32, seed: u64) -> TestRunner {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    // Each shrink iteration starts a service.
    config.max_shrink_iters = config.max_shrink_iters.min(400);
    #[expect(clippy::disallowed_methods, reason = "the environment sets the number of cases")]
    let is_configured = std::env::var("PROPTEST_CASES").is_ok();
    if !is_configured {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(seed);
    }
    TestRunner::new(config)
}

/// Runs all cases and adds up their outcomes; the error is the transcript of the smallest failure.
fn run_cases<S: Strategy>(
    mut runner: TestRunner,
    strategy: &S,
    run_case: impl Fn(&S::Value) -> Result<OutcomeCounts, String>,
) -> Result<OutcomeCounts, String> {
    let outcome_counts = RefCell::new(OutcomeCounts::new());
    let result = runner.run(strategy, |case| {
        for (name, count) in run_case(&case).map_err(TestCaseError::fail)? {
            *outcome_counts.borrow_mut().entry(name).or_default() += count;
        }
        Ok(())
    });
    match result {
        Ok(()) => Ok(outcome_counts.into_inner()),
        Err(TestError::Fail(transcript, _)) => Err(transcript.message().to_owned()),
        Err(error @ TestError::Abort(_)) => panic!("{error}"),
    }
}

/// Panics with the transcript of a failure, unescaped.
fn expect_success(result: Result<OutcomeCounts, String>) -> OutcomeCounts {
    let outcome_counts = result.unwrap_or_else(|transcript| panic!("\n{transcript}\n"));
    #[expect(clippy::print_stdout, reason = "long runs report what they covered")]
    {
        println!("{} calls: {outcome_counts:#?}", outcome_counts.values().sum::<usize>());
    }
    outcome_counts
}

#[test]
fn random_calls_match_the_model() {
    let runtime = runtime();
    let cases = (strategies::extra_users(), strategies::steps(MAX_STEPS));
    let outcome_counts =
        expect_success(run_cases(runner(SEQUENCE_CASES, 1), &cases, |(extra_users, steps)| {
            runtime.block_on(Box::pin(run_sequence(extra_users, steps, no_mistake)))
        }));

    // Guards against sequences that exercise too little.
    for outcome in [
        "A GET 200",
        "A GET 403 tenant_forbidden",
        "A GET 404 user_not_found",
        "A POST 201",
        "A POST 409 already_attached",
        "A PUT 200",
        "A PUT 403 insufficient_permission",
        "A PUT 404 user_not_found",
        "A DELETE 204",
        "A DELETE 409 last_protected_role_holder",
        "B GET 200",
        "B POST 201",
        "B POST 409 email_taken",
        "B PUT 200",
        "B PUT 207",
        "B PUT 403 managed_by_another_tenant",
        "B DELETE 204",
        "B DELETE 403 managed_by_another_tenant",
        "B PATCH 200",
        "B PATCH 422 current_password_mismatch",
    ] {
        assert!(outcome_counts.contains_key(outcome), "outcome never occurred: {outcome}");
    }
}

#[test]
fn random_concurrent_calls_are_serializable() {
    let runtime = runtime();
    let pairs = prop::collection::vec((strategies::call(), strategies::call()), 1..=8);
    let cases = (strategies::extra_users(), strategies::steps(6), pairs);
    expect_success(run_cases(runner(RACE_CASES, 2), &cases, |(extra_users, steps, pairs)| {
        runtime.block_on(Box::pin(run_races(extra_users, steps, pairs)))
    }));
}

#[test]
fn conflicting_calls_are_serializable() {
    let runtime = runtime();
    // In memory, a second round adds little: hashing the seed's passwords takes most of the time,
    // and the calls barely overlap.
    let rounds = if ON_AUTH0 { 2 } else { 1 };
    for (steps, (one, other)) in conflicts::conflicting_pairs() {
        let steps: Vec<_> = steps.into_iter().map(Step::Call).collect();
        let pairs = [(one.clone(), other.clone()), (other, one)];
        for pair in pairs.into_iter().take(rounds) {
            expect_success(runtime.block_on(Box::pin(run_races(
                &SeedLines::new(),
                &steps,
                &[pair],
            ))));
        }
    }
}

#[test]
fn model_failure_shrinks_to_a_transcript() {
    let runtime = runtime();
    let call = |action| {
        let issuer = Issuer::Tenant("globex");
        Step::Call(Call {
            caller: Caller::Bearer { issuer, subject: None, permissions: TokenPermissions::All },
            action,
        })
    };
    let (gus, gina) = (UserRef::Seeded("gus"), UserRef::Seeded("gina"));
    let call_strategy = prop::sample::select(vec![
        call(Action::GetTenantUser("globex", gus.clone())),
        call(Action::GetUser(gus.clone())),
        Step::Wait(3),
        call(Action::Detach("globex", gus)),
        call(Action::Detach("globex", gina)),
    ]);
    let cases = prop::collection::vec(call_strategy, 1..10);

    // A model without rule R4.
    let transcript = run_cases(runner(20, 3), &cases, |steps| {
        let mistake = |state: &mut ModelState| state.skip_last_holder_rule = true;
        runtime.block_on(Box::pin(run_sequence(&SeedLines::new(), steps, mistake)))
    });

    insta::assert_snapshot!(transcript.unwrap_err().trim_end(), @"1. client of globex: DELETE /api/globex/admin/users/auth0|gina → 409 last_protected_role_holder; the model expects 204");
}
