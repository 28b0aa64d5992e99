//! How often somebody may be wrong about an account's current password.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Timestamp, UserId};

/// The limit on wrong current passwords, by account and client address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// How many may be wrong within the window.
    pub wrong: usize,
    /// How long a wrong one counts.
    pub window: Duration,
}

impl Default for AttemptLimit {
    fn default() -> Self {
        Self { wrong: 10, window: Duration::from_mins(15) }
    }
}

/// An account and where the attempt comes from.
type Key = (UserId, Option<IpAddr>);

/// Counts wrong attempts in this process.
///
/// An attempt counts as wrong from its start until it turns out right, so that many at once cannot
/// slip through together.
#[derive(Debug)]
pub(crate) struct Attempts {
    limit: AttemptLimit,
    /// The moments of attempts that were wrong or are still under way, the oldest first.
    wrong: Mutex<HashMap<Key, Vec<Timestamp>>>,
}

impl Attempts {
    /// More accounts and addresses than this are never remembered, so that memory stays bounded;
    /// then those go first that count no longer, and after them any.
    const MAX_KEYS: usize = 100_000;

    pub(crate) fn new(limit: AttemptLimit) -> Self {
        Self { limit, wrong: Mutex::default() }
    }

    /// Starts an attempt, or says how long to wait until the next may start.
    pub(crate) fn begin(
        &self,
        user: &UserId,
        client: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Duration> {
        let key = (user.clone(), client.map(network));
        let mut wrong = self.lock();
        if !wrong.contains_key(&key) && wrong.len() >= Self::MAX_KEYS {
            self.make_room(&mut wrong, now);
        }
        let moments = wrong.entry(key.clone()).or_default();
        moments.retain(|moment| self.counts(*moment, now));
        if moments.len() >= self.limit.wrong
            && let Some(oldest) = moments.first()
        {
            let until = oldest.plus_millis(self.window_millis());
            let wait = until.as_unix_millis().saturating_sub(now.as_unix_millis());
            return Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        }
        moments.push(now);
        drop(wrong);
        Ok(Attempt { attempts: self, key, began: now, settled: false })
    }

    fn make_room(&self, wrong: &mut HashMap<Key, Vec<Timestamp>>, now: Timestamp) {
        wrong.retain(|_, moments| moments.iter().any(|moment| self.counts(*moment, now)));
        if wrong.len() >= Self::MAX_KEYS
            && let Some(any) = wrong.keys().next().cloned()
        {
            wrong.remove(&any);
        }
    }

    fn counts(&self, moment: Timestamp, now: Timestamp) -> bool {
        moment.plus_millis(self.window_millis()) > now
    }

    fn window_millis(&self) -> i64 {
        i64::try_from(self.limit.window.as_millis()).unwrap_or(i64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Vec<Timestamp>>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt under way. Dropped without a verdict, it counts for nothing.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    key: Key,
    began: Timestamp,
    settled: bool,
}

impl Attempt<'_> {
    /// The password was wrong.
    pub(crate) fn failed(mut self) {
        self.settled = true;
    }

    /// The password was right: whoever knows it need not be held up by wrong ones before.
    pub(crate) fn succeeded(mut self) {
        self.settled = true;
        self.attempts.lock().remove(&self.key);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let mut wrong = self.attempts.lock();
        if let Some(moments) = wrong.get_mut(&self.key) {
            if let Some(at) = moments.iter().position(|moment| *moment == self.began) {
                moments.remove(at);
            }
            if moments.is_empty() {
                wrong.remove(&self.key);
            }
        }
    }
}

/// What counts as one address: whoever has an IPv6 address has all of its /64 (RFC 4291 §2.5.4).
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }
}
