//! Mutual exclusion by key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::OwnedMutexGuard;

/// A set of locks, one for each key. Cheap to clone; clones share the locks.
///
/// Locks are fair: waiters of one key acquire it in the order of their arrival. A key that nobody
/// holds or waits for takes no memory.
#[derive(Debug)]
pub struct KeyedLock<K: Ord> {
    locks: Arc<Mutex<BTreeMap<K, Lock>>>,
}

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Holds the locks of some keys until it is dropped.
#[derive(Debug)]
#[must_use = "the locks are released when the guard is dropped"]
pub struct KeyedLockGuard<K: Ord>(
    #[expect(dead_code, reason = "the locks are held for as long as it lives")] Vec<Claim<K>>,
);

/// One key's lock, waited for or held. Dropping it removes the key's entry if it was the last claim.
#[derive(Debug)]
struct Claim<K: Ord> {
    owner: KeyedLock<K>,
    key: K,
    lock: Option<Lock>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Ord + Clone> KeyedLock<K> {
    /// Acquires the locks of all keys, one after the other in the order of the keys, so that no two
    /// callers wait for each other. A key that is given twice counts once.
    ///
    /// # Cancel safety
    /// If the future is dropped while it waits, it releases what it has acquired, loses its place
    /// among the waiters and leaves no entry behind.
    pub async fn lock_all(&self, keys: impl IntoIterator<Item = K>) -> KeyedLockGuard<K> {
        let keys: BTreeSet<_> = keys.into_iter().collect();
        let mut claims = Vec::with_capacity(keys.len());
        for key in keys {
            let mut claim = self.claim(key);
            if let Some(lock) = &claim.lock {
                claim.guard = Some(Arc::clone(lock).lock_owned().await);
            }
            claims.push(claim);
        }
        KeyedLockGuard(claims)
    }

    fn claim(&self, key: K) -> Claim<K> {
        let lock = Arc::clone(self.locks().entry(key.clone()).or_default());
        Claim { owner: self.clone(), key, lock: Some(lock), guard: None }
    }
}

impl<K: Ord> KeyedLock<K> {
    fn locks(&self) -> MutexGuard<'_, BTreeMap<K, Lock>> {
        self.locks.lock()
    }
}

impl<K: Ord> Clone for KeyedLock<K> {
    fn clone(&self) -> Self {
        Self { locks: Arc::clone(&self.locks) }
    }
}

impl<K: Ord> Default for KeyedLock<K> {
    fn default() -> Self {
        Self { locks: Arc::default() }
    }
}

impl<K: Ord> Drop for Claim<K> {
    fn drop(&mut self) {
        let mut locks = self.owner.locks();
        // The guard and the lock each hold a reference, which would keep the entry alive.
        self.guard = None;
        self.lock = None;
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests;
