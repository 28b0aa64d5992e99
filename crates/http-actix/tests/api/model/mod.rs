//! A machine that does anything, by anybody, and a small model that says what must come of it.
//!
//! Random callers call all operations of both contracts, about people who share accounts. After
//! each step the answer must be the model's, and so must everything that each tenant can see; and,
//! whatever the model thinks, nobody's call may change a byte that another tenant sees, unless the
//! account is at home with the caller. Calls that are sent in pairs, at once, must come out as one
//! of the two orders has it.
//!
//! [`rules`] and [`world`] are the model, written from the specification and without the product's
//! own policy. A failure is shrunk, and printed as a script to read.
//!
//! What is drawn is the same each time. To go deeper, set `PROPTEST_CASES` and `PROPTEST_RNG_SEED`.

mod callers;
mod calls;
mod draw;
mod drive;
mod pairs;
mod races;
mod rules;
mod stage;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use tokio::runtime::{Builder, Runtime};

use callers::{Caller, Issuer, May};
use calls::{Op, Whom};
use draw::{Call, People, Step};
use drive::{Tally, sequence};
use races::races;
use world::World;

use crate::support::store::ON_AUTH0;

/// How much is drawn, unless more is asked for.
const SEQUENCES: u32 = 10;
const RACES: u32 = 10;
/// The most steps of a sequence.
const STEPS: usize = 50;

fn right(_: &mut World) {}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Draws from the usual seed, and so often, unless the environment says otherwise.
fn runner(cases: u32, seed: u64) -> TestRunner {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    // Each attempt takes a service of its own.
    config.max_shrink_iters = config.max_shrink_iters.min(400);
    #[expect(clippy::disallowed_methods, reason = "who runs a test says how deep it goes")]
    let deeper = std::env::var("PROPTEST_CASES").is_ok();
    if !deeper {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(seed);
    }
    TestRunner::new(config)
}

/// Runs what is drawn, and counts; the error is the script of the smallest failure found.
fn run<S: Strategy>(
    mut runner: TestRunner,
    drawn: &S,
    once: impl Fn(&S::Value) -> Result<Tally, String>,
) -> Result<Tally, String> {
    let tally = RefCell::new(Tally::new());
    let result = runner.run(drawn, |case| {
        for (name, count) in once(&case).map_err(TestCaseError::fail)? {
            *tally.borrow_mut().entry(name).or_default() += count;
        }
        Ok(())
    });
    match result {
        Ok(()) => Ok(tally.into_inner()),
        Err(TestError::Fail(script, _)) => Err(script.message().to_owned()),
        Err(error @ TestError::Abort(_)) => panic!("{error}"),
    }
}

/// Fails with the script, which is to be read as it is.
fn pass(result: Result<Tally, String>) -> Tally {
    let tally = result.unwrap_or_else(|script| panic!("\n{script}\n"));
    #[expect(clippy::print_stdout, reason = "who goes deep wants to know how deep")]
    {
        println!("{} calls: {tally:#?}", tally.values().sum::<usize>());
    }
    tally
}

#[test]
fn random_calls_match_the_model() {
    let runtime = runtime();
    let drawn = (draw::people(), draw::steps(STEPS));
    let tally = pass(run(runner(SEQUENCES, 1), &drawn, |(people, steps)| {
        runtime.block_on(Box::pin(sequence(people, steps, right)))
    }));

    // Else the machine would be going round in circles.
    for met in [
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
        assert!(tally.contains_key(met), "never met: {met}");
    }
}

#[test]
fn random_concurrent_calls_are_serializable() {
    let runtime = runtime();
    let pairs = prop::collection::vec((draw::call(), draw::call()), 1..=8);
    let drawn = (draw::people(), draw::steps(6), pairs);
    pass(run(runner(RACES, 2), &drawn, |(people, steps, pairs)| {
        runtime.block_on(Box::pin(races(people, steps, pairs)))
    }));
}

#[test]
fn conflicting_calls_are_serializable() {
    let runtime = runtime();
    // In memory it takes longer to hash the passwords of the seed than to do everything else, and
    // there is next to nothing that could come between.
    let rounds = if ON_AUTH0 { 2 } else { 1 };
    for (steps, (one, other)) in pairs::all() {
        let steps: Vec<_> = steps.into_iter().map(Step::Call).collect();
        let pairs = [(one.clone(), other.clone()), (other, one)];
        for pair in pairs.into_iter().take(rounds) {
            pass(runtime.block_on(Box::pin(races(&People::new(), &steps, &[pair]))));
        }
    }
}

#[test]
fn model_failure_shrinks_to_a_transcript() {
    let runtime = runtime();
    let call = |op| {
        let issuer = Issuer::Tenant("globex");
        Step::Call(Call { caller: Caller::Bearer { issuer, subject: None, may: May::All }, op })
    };
    let (gus, gina) = (Whom::Known("gus"), Whom::Known("gina"));
    let few = prop::sample::select(vec![
        call(Op::GetIn("globex", gus.clone())),
        call(Op::Get(gus.clone())),
        Step::Wait(3),
        call(Op::Detach("globex", gus)),
        call(Op::Detach("globex", gina)),
    ]);
    let drawn = prop::collection::vec(few, 1..10);

    // A model without rule R4.
    let script = run(runner(20, 3), &drawn, |steps| {
        let mistake = |world: &mut World| world.without_last_holder = true;
        runtime.block_on(Box::pin(sequence(&People::new(), steps, mistake)))
    });

    insta::assert_snapshot!(script.unwrap_err().trim_end(), @"1. a program of globex: DELETE /api/globex/admin/users/auth0|gina → 409 last_protected_role_holder; the model says 204");
}
