//! Locks of this process by what they are about: tenants, addresses, accounts.
//!
//! Auth0 has no conditional writes, so whatever must not change between a check and the write that
//! rests on it is held here meanwhile. Other processes are not kept out.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{EmailAddress, TenantId, UserId};
use tokio::sync::OwnedMutexGuard;

/// What a lock is about. The order of the kinds is the order in which they are taken, so that no
/// two operations wait for each other: tenants, then addresses, then accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Who holds the protected roles of the tenant.
    Tenant(TenantId),
    /// Which account has the address.
    Address(EmailAddress),
    /// The account.
    Account(UserId),
}

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The locks that are held or waited for. A lock that nobody wants takes no room.
#[derive(Debug, Clone, Default)]
pub(crate) struct Locks {
    wanted: Arc<Mutex<HashMap<Key, Lock>>>,
}

/// Some locks, held until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Held(#[expect(dead_code, reason = "held for as long as it lives")] Vec<Claim>);

/// One lock, waited for or held.
#[derive(Debug)]
struct Claim {
    locks: Locks,
    key: Key,
    lock: Option<Lock>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Takes all of them, each after whoever waits for it already.
    pub(crate) async fn take(&self, keys: impl IntoIterator<Item = Key>) -> Held {
        let keys: BTreeSet<_> = keys.into_iter().collect();
        let mut held = Vec::with_capacity(keys.len());
        for key in keys {
            // If the future is dropped while it waits, the claim still clears up.
            let mut claim = self.claim(key);
            if let Some(lock) = &claim.lock {
                claim.guard = Some(Arc::clone(lock).lock_owned().await);
            }
            held.push(claim);
        }
        Held(held)
    }

    fn claim(&self, key: Key) -> Claim {
        let lock = Arc::clone(self.wanted().entry(key.clone()).or_default());
        Claim { locks: self.clone(), key, lock: Some(lock), guard: None }
    }

    /// The map is never left half-changed, so a panic elsewhere does not matter.
    fn wanted(&self) -> MutexGuard<'_, HashMap<Key, Lock>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut wanted = self.locks.wanted();
        // Both hold the lock's count up.
        self.guard = None;
        self.lock = None;
        if wanted.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            wanted.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn account(id: &str) -> Key {
        Key::Account(id.parse().unwrap())
    }

    fn tenant(id: &str) -> Key {
        Key::Tenant(id.parse().unwrap())
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn a_lock_is_held_by_one_at_a_time_and_leaves_nothing_behind() {
        let locks = Locks::default();
        let first = locks.take([account("a")]).await;
        let mut second = Box::pin(locks.take([account("a")]));
        assert!(poll(second.as_mut()).is_pending());
        let other = locks.take([account("b")]).await;
        drop(first);
        let second = second.await;
        assert_eq!(locks.wanted().len(), 2);
        drop((second, other));
        assert_eq!(locks.wanted().len(), 0);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_nothing_behind() {
        let locks = Locks::default();
        let first = locks.take([tenant("a"), account("a")]).await;
        let mut second = Box::pin(locks.take([account("a"), account("b"), tenant("b")]));
        assert!(poll(second.as_mut()).is_pending());
        drop(second);
        assert_eq!(locks.wanted().len(), 2);
        drop(first);
        assert_eq!(locks.wanted().len(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn locks_taken_in_any_order_do_not_block_each_other_for_ever() {
        let locks = Locks::default();
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let locks = locks.clone();
                let keys = [account("a"), tenant("b"), tenant("a"), account("b")];
                tokio::spawn(async move {
                    let mut keys = keys.to_vec();
                    keys.rotate_left(number % 4);
                    keys.truncate(2 + number % 3);
                    let _held = locks.take(keys).await;
                    tokio::task::yield_now().await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(locks.wanted().len(), 0);
    }
}
