//! Pending re-blocks.

use std::collections::HashSet;

use domain::UserId;
use parking_lot::{Mutex, MutexGuard};

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

    fn ids(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0.lock()
    }
}
