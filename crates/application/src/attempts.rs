//! The limit on wrong current passwords.

use std::collections::HashMap;
use std::time::Duration;

use domain::{CallerKey, Timestamp, UserId};
use parking_lot::Mutex;
use ports::PasswordVerdict;

/// The limit on wrong current passwords.
///
/// It does not depend on the client's address, since an attacker has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// The wrong attempts allowed within the window by one caller on one account.
    pub wrong: usize,
    /// The wrong attempts allowed within the window on one account, by all callers.
    pub wrong_per_account: usize,
    /// How long a wrong attempt counts.
    pub window: Duration,
}

impl Default for AttemptLimit {
    fn default() -> Self {
        Self { wrong: 10, wrong_per_account: 30, window: Duration::from_mins(15) }
    }
}

/// The attempts on one account.
#[derive(Debug, Default)]
struct Tally {
    /// The wrong attempts, the oldest first.
    wrong: Vec<(Timestamp, CallerKey)>,
    /// The callers of the attempts without a verdict yet.
    in_flight: Vec<CallerKey>,
}

/// Counts wrong attempts in this process.
///
/// Attempts in flight count like wrong ones until they have a verdict, so that concurrent attempts
/// cannot exceed the limit.
#[derive(Debug)]
pub(crate) struct Attempts {
    limit: AttemptLimit,
    capacity: usize,
    tallies: Mutex<HashMap<UserId, Tally>>,
}

impl Attempts {
    /// The maximum number of accounts, which bounds the memory. Expired entries are evicted first,
    /// then any.
    const MAX_ACCOUNTS: usize = 100_000;
    /// How long to wait if only attempts in flight exhaust the limit.
    const IN_FLIGHT_WAIT: Duration = Duration::from_secs(1);

    pub(crate) fn new(limit: AttemptLimit) -> Self {
        Self { limit, capacity: Self::MAX_ACCOUNTS, tallies: Mutex::default() }
    }

    /// Starts an attempt, or returns how long to wait until the next one may start.
    pub(crate) fn begin(
        &self,
        user: &UserId,
        caller: CallerKey,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Duration> {
        let mut tallies = self.tallies.lock();
        if !tallies.contains_key(user) && tallies.len() >= self.capacity {
            self.evict(&mut tallies, now);
        }
        let tally = tallies.entry(user.clone()).or_default();
        tally.wrong.retain(|(moment, _)| self.counts(*moment, now));
        self.check(tally, |other| *other == caller, self.limit.wrong, now)?;
        self.check(tally, |_| true, self.limit.wrong_per_account, now)?;
        tally.in_flight.push(caller);
        drop(tallies);
        let outcome = Outcome::Wrong;
        Ok(Attempt { attempts: self, user: user.clone(), caller, began: now, outcome })
    }

    /// Checks that the attempts of these callers are fewer than the limit.
    fn check(
        &self,
        tally: &Tally,
        counted: impl Fn(&CallerKey) -> bool,
        limit: usize,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let mut wrong = tally.wrong.iter().filter(|(_, caller)| counted(caller));
        let in_flight = tally.in_flight.iter().filter(|caller| counted(caller)).count();
        let wrong_count = wrong.clone().count();
        if wrong_count >= limit
            && let Some((oldest, _)) = wrong.nth(wrong_count - limit)
        {
            let until = oldest.plus_millis(self.window_millis());
            let wait = until.as_unix_millis().saturating_sub(now.as_unix_millis());
            return Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        }
        if wrong_count + in_flight >= limit { Err(Self::IN_FLIGHT_WAIT) } else { Ok(()) }
    }

    fn evict(&self, tallies: &mut HashMap<UserId, Tally>, now: Timestamp) {
        tallies.retain(|_, tally| {
            !tally.in_flight.is_empty()
                || tally.wrong.iter().any(|(moment, _)| self.counts(*moment, now))
        });
        if tallies.len() >= self.capacity
            && let Some(any) = tallies.keys().next().cloned()
        {
            tallies.remove(&any);
        }
    }

    fn counts(&self, moment: Timestamp, now: Timestamp) -> bool {
        moment.plus_millis(self.window_millis()) > now
    }

    fn window_millis(&self) -> i64 {
        i64::try_from(self.limit.window.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How an attempt counts once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// As a wrong one. Attempts without a verdict count so: the directory may have checked them.
    Wrong,
    /// It resets the count of its caller.
    Match,
    /// Not at all: it was not checked.
    NotChecked,
}

/// One attempt in flight. Dropped without a verdict, it counts as a wrong one.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    user: UserId,
    caller: CallerKey,
    began: Timestamp,
    outcome: Outcome,
}

impl Attempt<'_> {
    /// Ends the attempt. A wrong password counts from the start of the attempt; a match resets the
    /// count of the caller.
    pub(crate) fn record(mut self, verdict: PasswordVerdict) {
        self.outcome = match verdict {
            PasswordVerdict::Match => Outcome::Match,
            PasswordVerdict::Mismatch => Outcome::Wrong,
        };
    }

    /// Ends an attempt whose password was certainly not checked.
    pub(crate) fn withdraw(mut self) {
        self.outcome = Outcome::NotChecked;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut tallies = self.attempts.tallies.lock();
        let Some(tally) = tallies.get_mut(&self.user) else { return };
        if let Some(own) = tally.in_flight.iter().position(|caller| *caller == self.caller) {
            tally.in_flight.swap_remove(own);
        }
        match self.outcome {
            Outcome::Wrong => {
                let at = tally.wrong.partition_point(|(moment, _)| *moment <= self.began);
                tally.wrong.insert(at, (self.began, self.caller));
            }
            Outcome::Match => tally.wrong.retain(|(_, caller)| *caller != self.caller),
            Outcome::NotChecked => {}
        }
        if tally.wrong.is_empty() && tally.in_flight.is_empty() {
            tallies.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests;
