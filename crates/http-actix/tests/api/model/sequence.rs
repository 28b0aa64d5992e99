//! Sequences of calls, checked against the model after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::callers::{Caller, Issuer, TokenPermissions};
use super::calls::Action;
use super::harness::{Harness, ResolvedCall, TenantLists, difference};
use super::state::ModelState;
use super::strategies::{Call, SeedLines, Step, TENANTS};

/// How often each operation had each outcome.
pub(crate) type OutcomeCounts = BTreeMap<String, usize>;

/// Runs a sequence; the error is a transcript.
pub(crate) async fn run_sequence(
    extra_users: &SeedLines,
    steps: &[Step],
    mistake: fn(&mut ModelState),
) -> Result<OutcomeCounts, String> {
    let mut harness = Harness::start(extra_users).await;
    mistake(&mut harness.state);
    match harness.run_steps(steps).await {
        Ok(()) => Ok(harness.outcome_counts),
        Err(violation) => Err(harness.failure_report(&violation)),
    }
}

impl Harness {
    async fn run_steps(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut passwords = BTreeSet::new();
        let mut lists = self.observe(&[]).await?.lists;
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Wait(seconds) => self.advance_clock(*seconds),
                Step::Call(call) => {
                    let call = self.resolve(call);
                    lists = self.run_step(&call, lists, number).await?;
                    passwords.extend(attempted_password(&call.1));
                }
            }
        }
        self.check_final_state(passwords, None).await
    }

    /// Fills in the ids and passwords of the current state.
    pub(crate) fn resolve(&self, Call { caller, action }: &Call) -> ResolvedCall {
        (caller.map(|user| user.id(&self.state)), action.resolve(&self.state))
    }

    /// Sends one call, then compares what the tenants see. `lists` is from the step before.
    async fn run_step(
        &mut self,
        call: &ResolvedCall,
        lists: TenantLists,
        number: usize,
    ) -> Result<TenantLists, String> {
        let before = self.state.clone();
        self.send_and_check(call).await?;
        // Read the target and one other user, a different one each time.
        let target = call.1.target(&before).or_else(|| call.1.target(&self.state));
        let user_ids = self.all_user_ids();
        let other = user_ids[number * 7 % user_ids.len()].clone();
        let users: Vec<_> = target.into_iter().chain([other]).collect();
        let observation = self.observe(&users).await?;
        if let Some(difference) = observation.first_difference(&self.state) {
            return Err(difference);
        }
        match isolation_violation(&before, call, &lists, &observation.lists) {
            Some(violation) => Err(violation),
            None => Ok(observation.lists),
        }
    }

    /// Sends one call, and checks its answer against the model.
    pub(crate) async fn send_and_check(&mut self, call: &ResolvedCall) -> Result<(), String> {
        let answer = self.send(call).await?;
        let expectation = self.expectation(call, &answer);
        if let Some(difference) = difference(&call.1, &answer, &expectation) {
            self.record(call, &difference);
            return Err(String::new());
        }
        self.record(call, &answer.outcome());
        self.check_not_found_body(call, &answer)?;
        self.state = expectation.next_state;
        Ok(())
    }

    /// Reads all users, then probes the passwords in the model (of the users in `only`, if given)
    /// and the `attempted` ones.
    pub(crate) async fn check_final_state(
        &mut self,
        attempted: BTreeSet<(String, String)>,
        only: Option<&BTreeSet<String>>,
    ) -> Result<(), String> {
        let user_ids = self.all_user_ids();
        let observation = self.observe(&user_ids).await?;
        if let Some(difference) = observation.first_difference(&self.state) {
            return Err(difference);
        }
        let known = self
            .state
            .accounts
            .values()
            .filter(|account| only.is_none_or(|only| only.contains(&account.id)));
        let known =
            known.filter_map(|account| Some((account.id.clone(), account.password.clone()?)));
        let probes: BTreeSet<_> = known.chain(attempted).collect();
        // Wrong passwords are rate limited; let the window pass.
        self.advance_clock(960);
        for (user, current) in probes {
            self.send_and_check(&password_probe(&user, &current)).await?;
        }
        Ok(())
    }

    /// Returns the ids of all existing and deleted accounts, and of one that never existed.
    fn all_user_ids(&self) -> Vec<String> {
        let state = &self.state;
        let ids = state.accounts.keys().chain(&state.created_ids).cloned();
        ids.chain(["auth0|nobody".to_owned()]).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Reports a tenant whose lists a foreign call has changed (R1). It uses the model for home tenants
/// only, which never change.
fn isolation_violation(
    state: &ModelState,
    call: &ResolvedCall,
    before: &TenantLists,
    after: &TenantLists,
) -> Option<String> {
    let mut tenants = TENANTS.into_iter().filter(|tenant| before[tenant] != after[tenant]);
    let tenant = tenants.find(|tenant| !may_affect(state, call, tenant))?;
    Some(format!(
        "then a foreign call changed what {tenant} sees\n  before: {}\n  after:  {}",
        before[tenant], after[tenant],
    ))
}

/// Whether a call may change what `tenant` sees: the caller acts in it, or in the account's home
/// tenant.
fn may_affect(before: &ModelState, (caller, action): &ResolvedCall, tenant: &str) -> bool {
    let coverage = caller.coverage(before);
    if matches!(action, Action::Leave(left) if *left == tenant) {
        // The person leaves; it may do so where it is pending.
        return true;
    }
    let account = action.target(before).and_then(|id| before.accounts.get(&id));
    let home = account.and_then(|account| account.home.as_deref());
    coverage.includes(tenant) || home.is_some_and(|home| coverage.includes(home))
}

/// Returns a call that checks a password without changing it: the new password is too weak, which
/// is reported only after the current one was found correct.
pub(crate) fn password_probe(user: &str, password: &str) -> ResolvedCall {
    let operator = Caller::Bearer {
        issuer: Issuer::Operators,
        subject: None,
        permissions: TokenPermissions::All,
    };
    let (user, current) = (user.to_owned(), password.to_owned());
    (operator, Action::ChangePassword { user, current, new: "short" })
}

/// The outcome of [`password_probe`] for the correct password.
pub(crate) const PASSWORD_IS_CORRECT: &str = "422 weak_password";

/// Returns the user and the new password of a call that sets one.
pub(crate) fn attempted_password(action: &Action<String>) -> Option<(String, String)> {
    match action {
        Action::SetPassword { user, new } | Action::ChangePassword { user, new, .. } => {
            Some((user.clone(), (*new).to_owned()))
        }
        Action::List(..)
        | Action::GetTenantUser(..)
        | Action::AttachOrCreate { .. }
        | Action::UpdateTenantUser { .. }
        | Action::Detach(..)
        | Action::GetUser(_)
        | Action::CreateUser { .. }
        | Action::UpdateUser { .. }
        | Action::SetProof { .. }
        | Action::SetHome { .. }
        | Action::Leave(_)
        | Action::DeleteUser(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SEED_USERS;

    #[test]
    fn change_visible_to_foreign_tenant_is_reported() {
        let state = ModelState::from_seed(SEED_USERS, "2027-01-01T00:00:00Z".parse().unwrap());
        let lists = |globex: &str| -> TenantLists {
            let list =
                |tenant| (tenant, if tenant == "globex" { globex.to_owned() } else { "[]".into() });
            TENANTS.map(list).into()
        };
        let report_of_delete = |tenant, user: &str| {
            let issuer = Issuer::Tenant(tenant);
            let caller =
                Caller::Bearer { issuer, subject: None, permissions: TokenPermissions::All };
            isolation_violation(
                &state,
                &(caller, Action::DeleteUser(user.to_owned())),
                &lists("[1]"),
                &lists("[2]"),
            )
        };

        assert_eq!(report_of_delete("acme", "auth0|adam"), None, "acme is adam's home tenant");
        assert_eq!(report_of_delete("globex", "auth0|adam"), None, "globex changes its own view");
        let report = "then a foreign call changed what globex sees\n  before: [1]\n  after:  [2]";
        for user in ["auth0|gus", "auth0|hal", "auth0|nobody"] {
            assert_eq!(report_of_delete("acme", user).as_deref(), Some(report), "{user}");
        }
    }
}
