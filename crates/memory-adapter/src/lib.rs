//! The ports of Usher kept in memory: the embedded default, and the reference for every other
//! adapter.
//!
//! - [`MemoryDirectory`]: accounts, the tenants that they are attached to, and their passwords.
//!   Everything is gone when the process ends; a seed ([`MemoryDirectory::load_seed`]) fills it at
//!   the start.
//! - [`MemoryKeySource`]: public keys of token issuers, put there by whoever holds it.
//!
//! What it promises beyond the ports:
//! - One lock stands around all accounts, so a check and the change that depends on it are one
//!   step. Nothing slow happens while it is held; above all, no password is hashed.
//! - Roles are kept by their names. The catalogue resolves them when an account is stored, and a
//!   name that it does not have is kept aside, where nobody sees it.
//! - Passwords have at least 8 characters. They are kept as Argon2id hashes, with as many computed
//!   at a time as there are cores.
//! - An account that is created without a password has no hash at all: nobody can prove to know
//!   its password, until one is set.
//!
//! What is not here: persistence, the last login (only a seed sets it), and any limit on wrong
//! passwords, which is for the use case to keep.
//!
//! To add a port method: implement it in `users.rs` or `passwords.rs`, and let every change go
//! through `State::put`, which keeps the indexes true.

#![warn(clippy::future_not_send)]

mod keys;
mod passwords;
mod seed;
mod state;
mod users;

use std::fmt;
use std::sync::Arc;

use domain::RoleCatalogue;
use parking_lot::RwLock;
use ports::Clock;

use crate::passwords::Hasher;
use crate::state::State;

pub use keys::MemoryKeySource;
pub use seed::{SeedError, SeedSummary};

/// A directory of accounts in memory, and the check of their passwords.
pub struct MemoryDirectory {
    /// Every change is computed on a copy and stored by `State::put` alone, so a panic while the
    /// lock is held leaves nothing half done.
    state: RwLock<State>,
    catalogue: RwLock<Arc<RoleCatalogue>>,
    clock: Arc<dyn Clock>,
    hasher: Hasher,
}

impl MemoryDirectory {
    /// An empty directory whose accounts can have the roles of the catalogue.
    pub fn new(catalogue: Arc<RoleCatalogue>, clock: Arc<dyn Clock>) -> Self {
        let catalogue = RwLock::new(catalogue);
        Self { state: RwLock::default(), catalogue, clock, hasher: Hasher::default() }
    }

    /// A directory with the same accounts as they are now, read by another catalogue: what a
    /// restart with other settings makes of them. The two share nothing from then on.
    #[must_use]
    pub fn under_catalogue(&self, catalogue: Arc<RoleCatalogue>) -> Self {
        let state = self.state.read().under_catalogue(&catalogue);
        Self {
            state: RwLock::new(state),
            catalogue: RwLock::new(catalogue),
            clock: Arc::clone(&self.clock),
            hasher: Hasher::default(),
        }
    }

    /// From now on the accounts are read by this catalogue, as after a restart: a role that it does
    /// not have gives no access, and one that it has anew does.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        let mut state = self.state.write();
        *state = state.under_catalogue(&catalogue);
        // Still under the lock, so that no change of an account is written by the old one.
        *self.catalogue.write() = catalogue;
    }

    fn catalogue(&self) -> Arc<RoleCatalogue> {
        Arc::clone(&self.catalogue.read())
    }
}

/// Tells nothing of the accounts.
impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDirectory")
            .field("catalogue", &self.catalogue())
            .finish_non_exhaustive()
    }
}
