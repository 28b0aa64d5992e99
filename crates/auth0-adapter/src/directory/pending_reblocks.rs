//! Blocks to be put back.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::UserId;

/// Whose block was lifted by a new password, and could not be put back yet.
#[derive(Debug, Default)]
pub(crate) struct PendingReblocks(Mutex<HashSet<UserId>>);

impl PendingReblocks {
    pub(super) fn contains(&self, id: &UserId) -> bool {
        self.ids().contains(id)
    }

    /// Whether it is new.
    pub(super) fn insert(&self, id: &UserId) -> bool {
        self.ids().insert(id.clone())
    }

    pub(super) fn remove(&self, id: &UserId) {
        self.ids().remove(id);
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn ids(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
