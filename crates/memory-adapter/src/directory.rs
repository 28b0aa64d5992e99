//! The directory's state, catalogue, clock and hasher.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use domain::{RoleCatalogue, RoleName, User, UserId};
use parking_lot::RwLock;
use ports::Clock;

use crate::list_builds::ListBuilds;
use crate::password_hash::Hasher;
use crate::state::State;

/// A directory of accounts in memory, with the check of their passwords.
pub struct MemoryDirectory {
    /// Every change is computed on a copy and stored by `State::put` alone, so a panic while the
    /// lock is held leaves nothing half done.
    pub(crate) state: Arc<RwLock<State>>,
    catalogue: RwLock<Arc<RoleCatalogue>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hasher: Hasher,
    pub(crate) list_builds: ListBuilds,
}

impl MemoryDirectory {
    /// Returns an empty directory with this catalogue of roles.
    pub fn new(catalogue: Arc<RoleCatalogue>, clock: Arc<dyn Clock>) -> Self {
        let catalogue = RwLock::new(catalogue);
        Self {
            state: Arc::default(),
            catalogue,
            clock,
            hasher: Hasher::default(),
            list_builds: ListBuilds::default(),
        }
    }

    /// Returns a copy of the directory under another catalogue, as after a restart with other
    /// settings. The two are independent from then on.
    #[must_use]
    pub fn under_catalogue(&self, catalogue: Arc<RoleCatalogue>) -> Self {
        let state = self.state.read().under_catalogue(&catalogue);
        Self {
            state: Arc::new(RwLock::new(state)),
            catalogue: RwLock::new(catalogue),
            clock: Arc::clone(&self.clock),
            hasher: Hasher::default(),
            list_builds: ListBuilds::default(),
        }
    }

    /// Replaces the catalogue, as after a restart: a role that it lacks gives no access any more,
    /// and one that it adds does.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        let mut state = self.state.write();
        *state = state.under_catalogue(&catalogue);
        // Still under the lock, so that no account is stored under the old catalogue.
        *self.catalogue.write() = catalogue;
    }

    /// Changes an account past the ports, as whoever administers the directory would: blocks it,
    /// verifies its address, resets its password. Returns whether it exists.
    ///
    /// The address and the username must not be those of another account.
    pub fn edit(&self, id: &UserId, change: impl FnOnce(&mut User)) -> bool {
        let mut state = self.state.write();
        let Some(mut record) = state.get(id).cloned() else { return false };
        change(Arc::make_mut(&mut record.user));
        state.put(record.under_catalogue(&self.catalogue()));
        true
    }

    /// Returns the roles of stored memberships that the catalogue does not have. They give no access.
    pub fn unknown_roles(&self) -> BTreeSet<RoleName> {
        self.state.read().unknown_roles().cloned().collect()
    }

    pub(crate) fn catalogue(&self) -> Arc<RoleCatalogue> {
        Arc::clone(&self.catalogue.read())
    }
}

/// Omits the accounts.
impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDirectory")
            .field("catalogue", &self.catalogue())
            .finish_non_exhaustive()
    }
}
