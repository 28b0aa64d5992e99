//! One sequence of steps, each compared with the model, and everything that can be seen after it.

use std::collections::{BTreeMap, BTreeSet};

use super::callers::{Caller, Issuer, May};
use super::calls::Op;
use super::draw::{Call, People, Step, TENANTS};
use super::stage::{Asked, Bytes, Stage, difference};
use super::world::World;

/// How often each operation came out how.
pub(crate) type Tally = BTreeMap<String, usize>;

/// Runs a sequence; the error is a script to read.
pub(crate) async fn sequence(
    people: &People,
    steps: &[Step],
    mistake: fn(&mut World),
) -> Result<Tally, String> {
    let mut stage = Stage::set(people).await;
    mistake(&mut stage.world);
    match stage.play(steps).await {
        Ok(()) => Ok(stage.tally),
        Err(what) => Err(stage.failure(&what)),
    }
}

impl Stage {
    async fn play(&mut self, steps: &[Step]) -> Result<(), String> {
        let mut passwords = BTreeSet::new();
        let mut lists = self.look(&[]).await?.lists;
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Wait(seconds) => self.wait(*seconds),
                Step::Call(call) => {
                    let asked = self.now(call);
                    lists = self.step(&asked, lists, number).await?;
                    passwords.extend(tried(&asked.1));
                }
            }
        }
        self.finish(passwords, None).await
    }

    /// The call as it is now.
    pub(crate) fn now(&self, Call { caller, op }: &Call) -> Asked {
        (caller.map(|user| user.id(&self.world)), op.now(&self.world))
    }

    /// One call, and a look round after it. `lists` is what the last look has shown.
    async fn step(&mut self, asked: &Asked, lists: Bytes, number: usize) -> Result<Bytes, String> {
        let before = self.world.clone();
        self.call(asked).await?;
        // Whom it is about, and somebody else, another one each time.
        let about = asked.1.about(&before).or_else(|| asked.1.about(&self.world));
        let everybody = self.everybody();
        let other = everybody[number * 7 % everybody.len()].clone();
        let users: Vec<_> = about.into_iter().chain([other]).collect();
        let seen = self.look(&users).await?;
        if let Some(difference) = seen.differs_from(&self.world) {
            return Err(difference);
        }
        match disturbed(&before, asked, &lists, &seen.lists) {
            Some(what) => Err(what),
            None => Ok(seen.lists),
        }
    }

    /// One call. Its answer must be the model's.
    pub(crate) async fn call(&mut self, asked: &Asked) -> Result<(), String> {
        let answer = self.ask(asked).await?;
        let verdict = self.verdict(asked, &answer);
        if let Some(difference) = difference(&asked.1, &answer, &verdict) {
            self.note(asked, &difference);
            return Err(String::new());
        }
        self.note(asked, &answer.outcome());
        self.same_absence(asked, &answer)?;
        self.world = verdict.after;
        Ok(())
    }

    /// Looks at everybody, and at the passwords of everybody, or of those only; and whether those
    /// that were `tried` are good.
    pub(crate) async fn finish(
        &mut self,
        tried: BTreeSet<(String, String)>,
        only: Option<&BTreeSet<String>>,
    ) -> Result<(), String> {
        let everybody = self.everybody();
        let seen = self.look(&everybody).await?;
        if let Some(difference) = seen.differs_from(&self.world) {
            return Err(difference);
        }
        let known =
            self.world.accounts.values().filter(|it| only.is_none_or(|only| only.contains(&it.id)));
        let known = known.filter_map(|it| Some((it.id.clone(), it.password.clone()?)));
        let all: BTreeSet<_> = known.chain(tried).collect();
        // Guesses are counted, so some time has to pass.
        self.wait(960);
        for (user, current) in all {
            self.call(&log_in(&user, &current)).await?;
        }
        Ok(())
    }

    /// Whoever there is, was, or never will be.
    fn everybody(&self) -> Vec<String> {
        let world = &self.world;
        let all = world.accounts.keys().chain(&world.made).cloned();
        all.chain(["auth0|nobody".to_owned()]).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Whom a call has disturbed (R1). Homes never change, so this asks little of the model.
fn disturbed(world: &World, asked: &Asked, before: &Bytes, after: &Bytes) -> Option<String> {
    let mut tenants = TENANTS.into_iter().filter(|tenant| before[tenant] != after[tenant]);
    let tenant = tenants.find(|tenant| !may_disturb(world, asked, tenant))?;
    Some(format!(
        "then {tenant} sees something else, by a call of others\n  before: {}\n  after:  {}",
        before[tenant], after[tenant],
    ))
}

/// Whether a call may change what a tenant can see of its people: its caller covers the tenant, or
/// the home of the account.
fn may_disturb(before: &World, (caller, op): &Asked, tenant: &str) -> bool {
    let covers = caller.covers(before);
    let account = op.about(before).and_then(|id| before.accounts.get(&id));
    let home = account.and_then(|account| account.home.as_deref());
    covers.covers(tenant) || home.is_some_and(|home| covers.covers(home))
}

/// A call that shows whether this is the password, and leaves it as it is: the new one is too weak,
/// which is said only to who knows the current one.
pub(crate) fn log_in(user: &str, password: &str) -> Asked {
    let operator = Caller::Bearer { issuer: Issuer::Operators, subject: None, may: May::All };
    let (user, current) = (user.to_owned(), password.to_owned());
    (operator, Op::ChangePassword { user, current, new: "short" })
}

/// What a call of [`log_in`] is answered if it was the password.
pub(crate) const LOGGED_IN: &str = "422 weak_password";

/// The passwords that somebody has tried to give to somebody.
pub(crate) fn tried(op: &Op<String>) -> Option<(String, String)> {
    match op {
        Op::SetPassword { user, new } | Op::ChangePassword { user, new, .. } => {
            Some((user.clone(), (*new).to_owned()))
        }
        Op::List(..)
        | Op::GetIn(..)
        | Op::Enlist { .. }
        | Op::PutIn { .. }
        | Op::Detach(..)
        | Op::Get(_)
        | Op::Create { .. }
        | Op::Put { .. }
        | Op::Delete(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SEED_USERS;

    #[test]
    fn change_visible_to_foreign_tenant_is_reported() {
        let world = World::of(SEED_USERS, "2027-01-01T00:00:00Z".parse().unwrap());
        let lists = |globex: &str| -> Bytes {
            let of =
                |tenant| (tenant, if tenant == "globex" { globex.to_owned() } else { "[]".into() });
            TENANTS.map(of).into()
        };
        let by = |tenant, user: &str| {
            let issuer = Issuer::Tenant(tenant);
            let caller = Caller::Bearer { issuer, subject: None, may: May::All };
            disturbed(&world, &(caller, Op::Delete(user.to_owned())), &lists("[1]"), &lists("[2]"))
        };

        assert_eq!(by("acme", "auth0|adam"), None, "adam is at home in acme");
        assert_eq!(by("globex", "auth0|adam"), None, "globex itself");
        let told =
            "then globex sees something else, by a call of others\n  before: [1]\n  after:  [2]";
        for user in ["auth0|gus", "auth0|hal", "auth0|nobody"] {
            assert_eq!(by("acme", user).as_deref(), Some(told), "{user}");
        }
    }
}
