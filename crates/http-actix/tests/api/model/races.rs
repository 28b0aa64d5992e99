//! Concurrent calls: the outcome must equal that of one of the two sequential orders.
//!
//! One deviation is allowed: for a read, the caller's own roles are read when its call arrives, so
//! they may be those from before the other call. For a change, they are checked again with the
//! target's state, atomically, when it is changed.

use std::collections::BTreeSet;

use super::harness::{Harness, ResolvedCall, difference, new_account_id};
use super::sequence::{OutcomeCounts, PASSWORD_IS_CORRECT, attempted_password, password_probe};
use super::state::ModelState;
use super::strategies::{Call, SeedLines, Step};
use crate::support::Answer;

/// Two calls that are sent concurrently.
pub(crate) type CallPair = (Call, Call);

/// Runs `steps` in sequence, then each pair concurrently; the error is a transcript.
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
        // The sequences check the other passwords; hashing is slow.
        self.check_final_state(passwords, Some(&targets)).await
    }

    /// Sends both calls concurrently, and continues with a state that explains the answers.
    async fn run_race(&mut self, pair: &[ResolvedCall; 2]) -> Result<(), String> {
        let (one, other) = tokio::join!(self.send(&pair[0]), self.send(&pair[1]));
        let answers = [one?, other?];
        let before = self.state.clone();
        for (call, answer) in pair.iter().zip(&answers) {
            self.record(call, &format!("{} (concurrent)", answer.outcome()));
        }
        let (mut explained, mut differences) = (Vec::new(), Vec::new());
        for order in [[0, 1], [1, 0]] {
            for early_arrival in [false, true] {
                if early_arrival && !pair[order[1]].1.is_read() {
                    // The caller's role is read again in the step of a change.
                    continue;
                }
                match replay(&before, pair, &answers, order, early_arrival) {
                    Ok(state) => explained.push(state),
                    Err(difference) => differences.push(difference),
                }
            }
        }
        if explained.is_empty() {
            return Err(format!(
                "no sequential order explains the answers:\n{}",
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
                "no sequential order explains the resulting state:\n{}",
                mismatches.join("\n")
            ));
        };
        self.state = self.state_with_actual_passwords(matching).await?.unwrap_or(state);
        Ok(())
    }

    /// Returns the state whose passwords are the actual ones, or `None` if all states agree.
    async fn state_with_actual_passwords(
        &mut self,
        states: Vec<ModelState>,
    ) -> Result<Option<ModelState>, String> {
        let passwords = |state: &ModelState| -> Vec<_> {
            state
                .accounts
                .values()
                .map(|account| (account.id.clone(), account.password.clone()))
                .collect()
        };
        let distinct: BTreeSet<_> = states.iter().flat_map(passwords).collect();
        if states.iter().all(|state| passwords(state).len() == distinct.len()) {
            return Ok(None);
        }
        for state in states {
            let all = passwords(&state);
            let candidates =
                all.into_iter().filter(|entry| !passwords(&self.state).contains(entry));
            let mut all_correct = true;
            for (user, password) in candidates {
                let call = password_probe(&user, &password.unwrap_or_default());
                all_correct &= self.send(&call).await?.outcome() == PASSWORD_IS_CORRECT;
            }
            if all_correct {
                return Ok(Some(state));
            }
        }
        Err("no sequential order explains the passwords".to_owned())
    }
}

/// Returns the state after both calls in this order, or how the answers contradict it. With
/// `early_arrival` the second call reads its caller's roles before the first call is done.
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
            let ordinal = ["first", "second"][position];
            let when = if early_arrival { ", arrived early" } else { "" };
            return Err(format!("  {} {ordinal}{when}: {difference}", action.describe()));
        }
        state = expectation.next_state;
    }
    Ok(state)
}
