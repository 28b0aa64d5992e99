//! The directory's state, catalogue, clock and hasher.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use domain::{RoleCatalogue, RoleName, User, UserId};
use parking_lot::{Mutex, RwLock};
use password_hashing::Hasher;
use ports::Clock;

use crate::list_builds::ListBuilds;
use crate::role_change::{RoleChange, RoleChangeOutcome};
use crate::state::State;

/// A directory of accounts in memory, with the check of their passwords.
pub struct MemoryDirectory {
    /// Every change is computed on a copy and stored by `State::put` alone, so a panic while the
    /// lock is held leaves nothing half done.
    pub(crate) state: Arc<RwLock<State>>,
    catalogue: RwLock<Arc<RoleCatalogue>>,
    /// Held during a change of the catalogue.
    role_changes: Mutex<()>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hasher: Hasher,
    pub(crate) list_builds: ListBuilds,
}

impl MemoryDirectory {
    /// Returns an empty directory with this catalogue of roles.
    pub fn new(catalogue: Arc<RoleCatalogue>, clock: Arc<dyn Clock>) -> Self {
        Self::with_state(State::default(), catalogue, clock)
    }

    fn with_state(state: State, catalogue: Arc<RoleCatalogue>, clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Arc::new(RwLock::new(state)),
            catalogue: RwLock::new(catalogue),
            role_changes: Mutex::default(),
            clock,
            hasher: Hasher::default(),
            list_builds: ListBuilds::default(),
        }
    }

    /// Returns a copy of the directory under another catalogue, as after a restart with other
    /// settings. The two are independent from then on.
    #[must_use]
    pub fn under_catalogue(&self, catalogue: Arc<RoleCatalogue>) -> Self {
        let accounts = self.state.read().roster.accounts();
        let state = State::under_catalogue(&accounts, &catalogue);
        Self::with_state(state, catalogue, Arc::clone(&self.clock))
    }

    /// Replaces the catalogue, as after a restart: a role that it lacks gives no access any more,
    /// and one that it adds does. All accounts change at once.
    ///
    /// Takes long if there are many accounts; the directory is locked for moments only.
    pub fn set_roles(&self, catalogue: &Arc<RoleCatalogue>) {
        let _guard = self.role_changes.lock();
        if Arc::ptr_eq(&self.catalogue(), catalogue) {
            return;
        }
        let mut change = self.begin_role_change(Arc::clone(catalogue));
        loop {
            change.advance();
            change = match self.finish_role_change(change) {
                RoleChangeOutcome::Finished(_former) => return,
                RoleChangeOutcome::Behind(behind) => behind,
                RoleChangeOutcome::Lost => self.begin_role_change(Arc::clone(catalogue)),
            };
        }
    }

    /// Begins a change of the catalogue. Takes constant time.
    ///
    /// Call [`RoleChange::advance`], then [`MemoryDirectory::finish_role_change`].
    pub(crate) fn begin_role_change(&self, catalogue: Arc<RoleCatalogue>) -> RoleChange {
        let mut state = self.state.write();
        let log = state.start_log();
        RoleChange::new(catalogue, state.roster.accounts(), log)
    }

    /// Puts the accounts under the new catalogue in force, unless too much has changed meanwhile.
    pub(crate) fn finish_role_change(&self, change: RoleChange) -> RoleChangeOutcome {
        let mut state = self.state.write();
        if !state.has_log(change.log()) {
            return RoleChangeOutcome::Lost;
        }
        if !change.is_almost_complete() {
            return RoleChangeOutcome::Behind(change);
        }
        let (changed, catalogue) = change.into_state();
        let former = std::mem::replace(&mut *state, changed);
        // Still under the lock, so that no account is stored under the former catalogue.
        *self.catalogue.write() = catalogue;
        RoleChangeOutcome::Finished(former)
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
