//! Pending re-blocks.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::UserId;

/// The accounts whose block was lifted by a new password and has not been restored yet.
#[derive(Debug, Default)]
pub(crate) struct PendingReblocks(Mutex<HashSet<UserId>>);

impl PendingReblocks {
    pub(super) fn contains(&self, id: &UserId) -> bool {
        self.ids().contains(id)
    }

    /// Returns whether the account was not pending before.
    pub(super) fn insert(&self, id: &UserId) -> bool {
        self.ids().insert(id.clone())
    }

    pub(super) fn remove(&self, id: &UserId) {
        self.ids().remove(id);
    }

    /// No code that holds the lock panics half-way, so a poisoned lock is used all the same.
    fn ids(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
