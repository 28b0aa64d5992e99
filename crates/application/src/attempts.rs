//! The limit on wrong current passwords.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use domain::{Timestamp, UserId};
use parking_lot::Mutex;
use ports::PasswordVerdict;

/// The limit on wrong current passwords, by account and client address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// The wrong attempts allowed within the window.
    pub wrong: usize,
    /// How long a wrong attempt counts.
    pub window: Duration,
}

impl Default for AttemptLimit {
    fn default() -> Self {
        Self { wrong: 10, window: Duration::from_mins(15) }
    }
}

/// An account and the client's address.
type Key = (UserId, Option<IpAddr>);

/// The attempts on one account from one address.
#[derive(Debug, Default)]
struct Tally {
    /// The times of wrong attempts, the oldest first.
    wrong: Vec<Timestamp>,
    /// The attempts without a verdict yet.
    in_flight: usize,
}

/// Counts wrong attempts in this process.
///
/// Attempts in flight count like wrong ones until they have a verdict, so that concurrent attempts
/// cannot exceed the limit.
#[derive(Debug)]
pub(crate) struct Attempts {
    limit: AttemptLimit,
    capacity: usize,
    tallies: Mutex<HashMap<Key, Tally>>,
}

impl Attempts {
    /// The maximum number of entries, which bounds the memory. Expired entries are evicted first, then
    /// any.
    const MAX_KEYS: usize = 100_000;
    /// How long to wait if only attempts in flight exhaust the limit.
    const IN_FLIGHT_WAIT: Duration = Duration::from_secs(1);

    pub(crate) fn new(limit: AttemptLimit) -> Self {
        Self { limit, capacity: Self::MAX_KEYS, tallies: Mutex::default() }
    }

    /// Starts an attempt, or returns how long to wait until the next one may start.
    pub(crate) fn begin(
        &self,
        user: &UserId,
        client: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Duration> {
        let key = (user.clone(), client.map(network));
        let mut tallies = self.tallies.lock();
        if !tallies.contains_key(&key) && tallies.len() >= self.capacity {
            self.evict(&mut tallies, now);
        }
        let tally = tallies.entry(key.clone()).or_default();
        tally.wrong.retain(|moment| self.counts(*moment, now));
        if tally.wrong.len() >= self.limit.wrong
            && let Some(oldest) = tally.wrong.first()
        {
            let until = oldest.plus_millis(self.window_millis());
            let wait = until.as_unix_millis().saturating_sub(now.as_unix_millis());
            return Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        }
        if tally.wrong.len() + tally.in_flight >= self.limit.wrong {
            return Err(Self::IN_FLIGHT_WAIT);
        }
        tally.in_flight += 1;
        drop(tallies);
        Ok(Attempt { attempts: self, key, began: now, verdict: None })
    }

    fn evict(&self, tallies: &mut HashMap<Key, Tally>, now: Timestamp) {
        tallies.retain(|_, tally| {
            tally.in_flight > 0 || tally.wrong.iter().any(|moment| self.counts(*moment, now))
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

/// One attempt in flight. Dropped without a verdict, it does not count.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    key: Key,
    began: Timestamp,
    verdict: Option<PasswordVerdict>,
}

impl Attempt<'_> {
    /// Ends the attempt. A wrong password counts from the start of the attempt; a match resets the
    /// count.
    pub(crate) fn record(mut self, verdict: PasswordVerdict) {
        self.verdict = Some(verdict);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut tallies = self.attempts.tallies.lock();
        let Some(tally) = tallies.get_mut(&self.key) else { return };
        tally.in_flight = tally.in_flight.saturating_sub(1);
        match self.verdict {
            Some(PasswordVerdict::Mismatch) => {
                let at = tally.wrong.partition_point(|moment| *moment <= self.began);
                tally.wrong.insert(at, self.began);
            }
            Some(PasswordVerdict::Match) => tally.wrong.clear(),
            None => {}
        }
        if tally.wrong.is_empty() && tally.in_flight == 0 {
            tallies.remove(&self.key);
        }
    }
}

/// Returns the network that counts as one address: a client has a whole IPv6 /64 (RFC 4291 §2.5.4).
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: AttemptLimit = AttemptLimit { wrong: 2, window: Duration::from_mins(15) };

    fn ann() -> UserId {
        "auth0|ann".parse().unwrap()
    }

    #[test]
    fn concurrent_matches_are_not_counted() {
        let attempts = Attempts::new(LIMIT);
        let begin = || attempts.begin(&ann(), None, Timestamp::UNIX_EPOCH);
        let (first, second) = (begin().unwrap(), begin().unwrap());
        assert_eq!(begin().unwrap_err(), Attempts::IN_FLIGHT_WAIT);
        first.record(PasswordVerdict::Match);
        second.record(PasswordVerdict::Match);
        assert!(begin().is_ok());
    }

    #[test]
    fn match_keeps_attempts_in_flight() {
        let attempts = Attempts::new(LIMIT);
        let begin = || attempts.begin(&ann(), None, Timestamp::UNIX_EPOCH);
        let (wrong, right) = (begin().unwrap(), begin().unwrap());
        right.record(PasswordVerdict::Match);
        wrong.record(PasswordVerdict::Mismatch);
        begin().unwrap().record(PasswordVerdict::Mismatch);
        assert_eq!(begin().unwrap_err(), LIMIT.window);
    }

    #[test]
    fn uncounted_attempt_leaves_no_entry() {
        let attempts = Attempts::new(LIMIT);
        drop(attempts.begin(&ann(), None, Timestamp::UNIX_EPOCH));
        assert!(attempts.tallies.lock().is_empty());
    }

    fn user(number: usize) -> UserId {
        format!("auth0|{number}").parse().unwrap()
    }

    fn small(capacity: usize) -> Attempts {
        Attempts { capacity, ..Attempts::new(LIMIT) }
    }

    fn wrong(attempts: &Attempts, number: usize, now: Timestamp) {
        attempts.begin(&user(number), None, now).unwrap().record(PasswordVerdict::Mismatch);
    }

    /// Returns each stored user with its number of wrong attempts.
    fn stored(attempts: &Attempts) -> Vec<(usize, usize)> {
        let tallies = attempts.tallies.lock();
        let of = |number: usize| Some((number, tallies.get(&(user(number), None))?.wrong.len()));
        (0..tallies.len() + 10).filter_map(of).collect()
    }

    #[test]
    fn only_expired_entries_are_evicted_first() {
        let attempts = small(4);
        let begin = Timestamp::UNIX_EPOCH;
        let later = begin.plus_millis(attempts.window_millis());
        let in_flight = attempts.begin(&user(0), None, begin).unwrap();
        wrong(&attempts, 1, begin);
        wrong(&attempts, 2, begin);
        wrong(&attempts, 3, later.plus_millis(-1));
        wrong(&attempts, 4, later);
        assert_eq!(stored(&attempts), [(0, 0), (3, 1), (4, 1)]);
        in_flight.record(PasswordVerdict::Mismatch);
        assert_eq!(stored(&attempts), [(0, 1), (3, 1), (4, 1)]);
    }

    #[test]
    fn full_table_evicts_only_for_new_keys() {
        let attempts = small(3);
        for number in 0..3 {
            wrong(&attempts, number, Timestamp::UNIX_EPOCH);
        }
        drop(attempts.begin(&user(1), None, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(stored(&attempts), [(0, 1), (1, 1), (2, 1)]);
        wrong(&attempts, 3, Timestamp::UNIX_EPOCH);
        let now = stored(&attempts);
        assert!(now.len() == 3 && now.contains(&(3, 1)), "{now:?}");
    }

    #[test]
    fn table_below_capacity_evicts_nothing() {
        let attempts = small(3);
        wrong(&attempts, 0, Timestamp::UNIX_EPOCH);
        wrong(&attempts, 1, Timestamp::UNIX_EPOCH);
        assert_eq!(stored(&attempts), [(0, 1), (1, 1)]);
    }
}
