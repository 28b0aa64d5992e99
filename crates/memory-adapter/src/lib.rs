//! The ports in memory: the embedded default, and the reference for every other adapter.
//!
//! - [`MemoryDirectory`]: accounts, memberships and passwords. Nothing survives the process; a seed
//!   ([`MemoryDirectory::load_seed`]) fills the directory at the start.
//! - [`MemoryKeySource`]: public keys of token issuers, published by code.
//!
//! Guarantees beyond the ports:
//! - One lock guards all accounts, so a check and the change that depends on it are one step.
//!   Nothing slow happens while it is held; in particular, no password is hashed.
//! - Roles are stored by name. The catalogue resolves them when an account is stored; an unknown
//!   name is kept, but is no membership.
//! - Passwords have at least 8 characters. They are stored as Argon2id hashes, and at most as many
//!   are computed at a time as there are cores.
//! - An account that is created without a password has no hash: no password matches until one is
//!   set.
//!
//! There is no persistence here, no last login (only a seed sets it), and no limit on wrong
//! passwords, which the use case has.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use domain::RoleCatalogue;
//! use memory_adapter::MemoryDirectory;
//! use ports::SystemClock;
//!
//! let roles = Arc::new(RoleCatalogue::standard());
//! let directory = MemoryDirectory::new(roles, Arc::new(SystemClock));
//! let seed = r#"{"email": "ada@acme.example", "homeTenant": "acme", "tenants": {"acme": "owner"}}"#;
//! assert_eq!(directory.load_seed(seed.as_bytes())?.accounts, 1);
//! # Ok::<(), memory_adapter::SeedError>(())
//! ```
//!
//! To add a port method: implement it in `users.rs` or `passwords.rs`, and make every change through
//! `State::put`, which updates the indexes.

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

/// A directory of accounts in memory, with the check of their passwords.
pub struct MemoryDirectory {
    /// Every change is computed on a copy and stored by `State::put` alone, so a panic while the
    /// lock is held leaves nothing half done.
    state: RwLock<State>,
    catalogue: RwLock<Arc<RoleCatalogue>>,
    clock: Arc<dyn Clock>,
    hasher: Hasher,
}

impl MemoryDirectory {
    /// Returns an empty directory with this catalogue of roles.
    pub fn new(catalogue: Arc<RoleCatalogue>, clock: Arc<dyn Clock>) -> Self {
        let catalogue = RwLock::new(catalogue);
        Self { state: RwLock::default(), catalogue, clock, hasher: Hasher::default() }
    }

    /// Returns a copy of the directory under another catalogue, as after a restart with other
    /// settings. The two are independent from then on.
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

    /// Replaces the catalogue, as after a restart: a role that it lacks gives no access any more,
    /// and one that it adds does.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        let mut state = self.state.write();
        *state = state.under_catalogue(&catalogue);
        // Still under the lock, so that no account is stored under the old catalogue.
        *self.catalogue.write() = catalogue;
    }

    fn catalogue(&self) -> Arc<RoleCatalogue> {
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
