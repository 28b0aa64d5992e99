//! Blocks to be put back.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::UserId;

/// Whose block was lifted by a new password, and could not be put back yet.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<HashSet<UserId>>);

impl Owed {
    pub(super) fn holds(&self, id: &UserId) -> bool {
        self.all().contains(id)
    }

    /// Whether it is new.
    pub(super) fn owe(&self, id: &UserId) -> bool {
        self.all().insert(id.clone())
    }

    pub(super) fn paid(&self, id: &UserId) {
        self.all().remove(id);
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn all(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
