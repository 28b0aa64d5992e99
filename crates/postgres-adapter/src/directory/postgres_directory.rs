//! The directory's database, catalogue, rules, clock and hasher.

use std::fmt;
use std::sync::Arc;

use domain::{AccountRules, RoleCatalogue};
use parking_lot::RwLock;
use password_hashing::Hasher;
use ports::Clock;

use crate::database::Database;

/// A directory of accounts in PostgreSQL, with the check of their passwords.
///
/// Any number of processes can use one database.
pub struct PostgresDirectory {
    pub(super) database: Database,
    catalogue: RwLock<Arc<RoleCatalogue>>,
    pub(super) rules: AccountRules,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hasher: Hasher,
}

impl PostgresDirectory {
    /// Returns the directory in the database, under this catalogue of roles and these rules, which
    /// decide what lists are sorted by.
    ///
    /// [`PostgresDirectory::prepare`] must succeed before it is used.
    pub fn new(
        database: Database,
        catalogue: Arc<RoleCatalogue>,
        rules: AccountRules,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let catalogue = RwLock::new(catalogue);
        Self { database, catalogue, rules, clock, hasher: Hasher::default() }
    }

    /// Replaces the catalogue, as after a restart: a role that it lacks gives no access any more,
    /// and one that it adds does.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        *self.catalogue.write() = catalogue;
    }

    pub(super) fn catalogue(&self) -> Arc<RoleCatalogue> {
        Arc::clone(&self.catalogue.read())
    }
}

impl fmt::Debug for PostgresDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDirectory")
            .field("database", &self.database)
            .field("catalogue", &self.catalogue())
            .finish_non_exhaustive()
    }
}
