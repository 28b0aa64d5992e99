//! The queue of the changes to one account's password.

use std::collections::HashMap;
use std::time::Duration;

use concurrency::{KeyedLock, KeyedLockGuard};
use domain::UserId;
use parking_lot::Mutex;

/// Makes the changes of one account's password one after another: of two at once, the second must
/// find the password that the first has set, or one proof of the old password would serve both.
///
/// Few changes wait, since each holds a permit of its request.
#[derive(Debug, Default)]
pub(crate) struct ChangeQueue {
    lock: KeyedLock<UserId>,
    /// The number of changes in flight, by account: of the one that is made, and of waiters.
    in_flight: Mutex<HashMap<UserId, usize>>,
}

/// The exclusive right to change the password of one account.
#[derive(Debug)]
pub(crate) struct ChangePermit<'a> {
    _guard: KeyedLockGuard<UserId>,
    _counted: Counted<'a>,
}

/// Counts a change as in flight until it is dropped.
#[derive(Debug)]
struct Counted<'a> {
    queue: &'a ChangeQueue,
    user: UserId,
}

impl ChangeQueue {
    /// The maximum number of changes of one account in flight: one is made, four wait.
    const MAX_IN_FLIGHT: usize = 5;
    /// How long to wait if the queue is full.
    const FULL_WAIT: Duration = Duration::from_secs(1);

    /// Waits until no other change of the account is in flight, or returns how long to wait if too
    /// many wait already.
    pub(crate) async fn acquire(&self, user: &UserId) -> Result<ChangePermit<'_>, Duration> {
        let counted = self.count(user)?;
        let guard = self.lock.lock_all([user.clone()]).await;
        Ok(ChangePermit { _guard: guard, _counted: counted })
    }

    fn count(&self, user: &UserId) -> Result<Counted<'_>, Duration> {
        let mut in_flight = self.in_flight.lock();
        let count = in_flight.entry(user.clone()).or_default();
        if *count >= Self::MAX_IN_FLIGHT {
            return Err(Self::FULL_WAIT);
        }
        *count += 1;
        drop(in_flight);
        Ok(Counted { queue: self, user: user.clone() })
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.queue.in_flight.lock();
        if let Some(count) = in_flight.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.user);
            }
        }
    }
}
