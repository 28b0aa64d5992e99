//! Two calls at once: what comes of them is what would have come of them one after the other.
//!
//! One thing is left to chance, and to the caller's advantage: the caller's own roles are looked up
//! when a call comes in. What a call changes is judged once more, and in one step, when it is
//! changed.

use std::collections::BTreeSet;

use super::harness::{Harness, ResolvedCall, difference, new_account_id};
use super::sequence::{OutcomeCounts, PASSWORD_IS_CORRECT, attempted_password, password_probe};
use super::state::ModelState;
use super::strategies::{Call, SeedLines, Step};
use crate::support::Answer;

/// Two calls that are sent at once.
pub(crate) type CallPair = (Call, Call);

/// Runs some steps one by one, and then pairs at once; the error is a script to read.
pub(crate) async fn run_races(
    extra_users: &SeedLines,
    steps: &[Step],
    pairs: &[CallPair],
) -> Result<OutcomeCounts, String> {
    let mut harness = Harness::start(extra_users).await;
    match harness.run_steps_and_races(steps, pairs).await {
        Ok(()) => Ok(harness.outcome_counts),
        Err(failure) => Err(harness.failure_report(&failure)),
    }
}

impl Harness {
    async fn run_steps_and_races(
        &mut self,
        steps: &[Step],
        pairs: &[CallPair],
    ) -> Result<(), String> {
        let (mut passwords, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Wait(seconds) => self.advance_clock(*seconds),
                Step::Call(call) => {
                    let call = self.resolve(call);
                    targets.extend(call.1.target(&self.state));
                    self.send_and_check(&call).await?;
                    passwords.extend(attempted_password(&call.1));
                }
            }
        }
        for (one, other) in pairs {
            let pair = [self.resolve(one), self.resolve(other)];
            targets.extend(pair.iter().filter_map(|(_, action)| action.target(&self.state)));
            self.run_race(&pair).await?;
            passwords.extend(pair.iter().filter_map(|(_, action)| attempted_password(action)));
        }
        // Of the others, sequences take care; hashes take long.
        self.check_final_state(passwords, Some(&targets)).await
    }

    /// Sends both at once, and goes on with the world that explains what was seen.
    async fn run_race(&mut self, pair: &[ResolvedCall; 2]) -> Result<(), String> {
        let (one, other) = tokio::join!(self.send(&pair[0]), self.send(&pair[1]));
        let answers = [one?, other?];
        let before = self.state.clone();
        for (call, answer) in pair.iter().zip(&answers) {
            self.record(call, &format!("{} (at once)", answer.outcome()));
        }
        let (mut explained, mut differences) = (Vec::new(), Vec::new());
        for order in [[0, 1], [1, 0]] {
            for early_arrival in [false, true] {
                match replay(&before, pair, &answers, order, early_arrival) {
                    Ok(state) => explained.push(state),
                    Err(difference) => differences.push(difference),
                }
            }
        }
        if explained.is_empty() {
            return Err(format!(
                "and no order of the two explains it:\n{}",
                differences.join("\n")
            ));
        }
        let target_ids = pair.iter().filter_map(|(_, action)| action.target(&before));
        let users: BTreeSet<_> =
            target_ids.chain(explained[0].created_ids.iter().cloned()).collect();
        let users: Vec<_> = users.into_iter().collect();
        let observation = self.observe(&users).await?;
        let (mut mismatches, mut matching) = (Vec::new(), Vec::new());
        for state in explained {
            match observation.first_difference(&state) {
                Some(difference) => mismatches.push(difference),
                None => matching.push(state),
            }
        }
        let Some(state) = matching.first().cloned() else {
            return Err(format!(
                "and no order of the two explains what is there:\n{}",
                mismatches.join("\n")
            ));
        };
        self.state = self.state_with_actual_passwords(matching).await?.unwrap_or(state);
        Ok(())
    }

    /// The one of the worlds whose passwords are the true ones, if that makes a difference.
    async fn state_with_actual_passwords(
        &mut self,
        states: Vec<ModelState>,
    ) -> Result<Option<ModelState>, String> {
        let passwords = |state: &ModelState| -> Vec<_> {
            state.accounts.values().map(|it| (it.id.clone(), it.password.clone())).collect()
        };
        let differ: BTreeSet<_> = states.iter().flat_map(passwords).collect();
        if states.iter().all(|state| passwords(state).len() == differ.len()) {
            return Ok(None);
        }
        for state in states {
            let all = passwords(&state);
            let candidates = all.into_iter().filter(|it| !passwords(&self.state).contains(it));
            let mut all_correct = true;
            for (user, password) in candidates {
                let call = password_probe(&user, &password.unwrap_or_default());
                all_correct &= self.send(&call).await?.outcome() == PASSWORD_IS_CORRECT;
            }
            if all_correct {
                return Ok(Some(state));
            }
        }
        Err("and nobody's password is what an order of the two would make it".to_owned())
    }
}

/// The world after the two calls in this order, if it is one in which they are answered so.
/// `early_arrival`: the second caller was let in before the first call was done.
fn replay(
    before: &ModelState,
    pair: &[ResolvedCall; 2],
    answers: &[Answer; 2],
    order: [usize; 2],
    early_arrival: bool,
) -> Result<ModelState, String> {
    let mut state = before.clone();
    for (position, index) in order.into_iter().enumerate() {
        let ((caller, action), answer) = (&pair[index], &answers[index]);
        let arrival_state = if early_arrival && position == 1 { before } else { &state };
        let expectation =
            state.evaluate(arrival_state, caller, action, &new_account_id(before, answer));
        if let Some(difference) = difference(action, answer, &expectation) {
            let orders = ["first", "second"][position];
            let when = if early_arrival { ", let in before" } else { "" };
            return Err(format!("  {} {orders}{when}: {difference}", action.describe()));
        }
        state = expectation.next_state;
    }
    Ok(state)
}
