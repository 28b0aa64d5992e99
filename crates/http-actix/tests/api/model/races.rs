//! Two calls at once: what comes of them is what would have come of them one after the other.
//!
//! One thing is left to chance, and to the caller's advantage: the caller's own roles are looked up
//! when a call comes in. What a call changes is judged once more, and in one step, when it is
//! changed.

use std::collections::BTreeSet;

use super::draw::{Call, People, Step};
use super::drive::{LOGGED_IN, Tally, log_in, tried};
use super::stage::{Asked, Stage, difference, fresh};
use super::world::World;
use crate::support::Answer;

/// Two calls that are sent at once.
pub(crate) type Pair = (Call, Call);

/// Runs some steps one by one, and then pairs at once; the error is a script to read.
pub(crate) async fn races(
    people: &People,
    steps: &[Step],
    pairs: &[Pair],
) -> Result<Tally, String> {
    let mut stage = Stage::set(people).await;
    match stage.race_all(steps, pairs).await {
        Ok(()) => Ok(stage.tally),
        Err(what) => Err(stage.failure(&what)),
    }
}

impl Stage {
    async fn race_all(&mut self, steps: &[Step], pairs: &[Pair]) -> Result<(), String> {
        let (mut passwords, mut about) = (BTreeSet::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Wait(seconds) => self.wait(*seconds),
                Step::Call(call) => {
                    let asked = self.now(call);
                    about.extend(asked.1.about(&self.world));
                    self.call(&asked).await?;
                    passwords.extend(tried(&asked.1));
                }
            }
        }
        for (one, other) in pairs {
            let pair = [self.now(one), self.now(other)];
            about.extend(pair.iter().filter_map(|(_, op)| op.about(&self.world)));
            self.race(&pair).await?;
            passwords.extend(pair.iter().filter_map(|(_, op)| tried(op)));
        }
        // Of the others, sequences take care; hashes take long.
        self.finish(passwords, Some(&about)).await
    }

    /// Sends both at once, and goes on with the world that explains what was seen.
    async fn race(&mut self, pair: &[Asked; 2]) -> Result<(), String> {
        let (one, other) = tokio::join!(self.ask(&pair[0]), self.ask(&pair[1]));
        let answers = [one?, other?];
        let before = self.world.clone();
        for (asked, answer) in pair.iter().zip(&answers) {
            self.note(asked, &format!("{} (at once)", answer.outcome()));
        }
        let (mut explained, mut says) = (Vec::new(), Vec::new());
        for order in [[0, 1], [1, 0]] {
            for early in [false, true] {
                match explain(&before, pair, &answers, order, early) {
                    Ok(world) => explained.push(world),
                    Err(difference) => says.push(difference),
                }
            }
        }
        if explained.is_empty() {
            return Err(format!("and no order of the two explains it:\n{}", says.join("\n")));
        }
        let about = pair.iter().filter_map(|(_, op)| op.about(&before));
        let users: BTreeSet<_> = about.chain(explained[0].made.iter().cloned()).collect();
        let users: Vec<_> = users.into_iter().collect();
        let seen = self.look(&users).await?;
        let (mut unlike, mut like) = (Vec::new(), Vec::new());
        for world in explained {
            match seen.differs_from(&world) {
                Some(difference) => unlike.push(difference),
                None => like.push(world),
            }
        }
        let Some(world) = like.first().cloned() else {
            return Err(format!(
                "and no order of the two explains what is there:\n{}",
                unlike.join("\n")
            ));
        };
        self.world = self.with_true_passwords(like).await?.unwrap_or(world);
        Ok(())
    }

    /// The one of the worlds whose passwords are the true ones, if that makes a difference.
    async fn with_true_passwords(&mut self, worlds: Vec<World>) -> Result<Option<World>, String> {
        let passwords = |world: &World| -> Vec<_> {
            world.accounts.values().map(|it| (it.id.clone(), it.password.clone())).collect()
        };
        let differ: BTreeSet<_> = worlds.iter().flat_map(passwords).collect();
        if worlds.iter().all(|world| passwords(world).len() == differ.len()) {
            return Ok(None);
        }
        for world in worlds {
            let all = passwords(&world);
            let unsure = all.into_iter().filter(|it| !passwords(&self.world).contains(it));
            let mut right = true;
            for (user, password) in unsure {
                let asked = log_in(&user, &password.unwrap_or_default());
                right &= self.ask(&asked).await?.outcome() == LOGGED_IN;
            }
            if right {
                return Ok(Some(world));
            }
        }
        Err("and nobody's password is what an order of the two would make it".to_owned())
    }
}

/// The world after the two calls in this order, if it is one in which they are answered so.
/// `early`: the second caller was let in before the first call was done.
fn explain(
    before: &World,
    pair: &[Asked; 2],
    answers: &[Answer; 2],
    order: [usize; 2],
    early: bool,
) -> Result<World, String> {
    let mut world = before.clone();
    for (place, index) in order.into_iter().enumerate() {
        let ((caller, op), answer) = (&pair[index], &answers[index]);
        let earlier = if early && place == 1 { before } else { &world };
        let verdict = world.judge(earlier, caller, op, &fresh(before, answer));
        if let Some(difference) = difference(op, answer, &verdict) {
            let orders = ["first", "second"][place];
            let when = if early { ", let in before" } else { "" };
            return Err(format!("  {} {orders}{when}: {difference}", op.title()));
        }
        world = verdict.after;
    }
    Ok(world)
}
