//! Settings that can change without a restart: the role catalogue and the client secret.

use std::sync::Arc;

use domain::RoleCatalogue;
use secrecy::SecretString;

use crate::directory::auth0_directory::Auth0Directory;
use crate::directory::directory_core::DirectoryCore;

impl Auth0Directory {
    /// Replaces the role catalogue, for all clones of the directory.
    ///
    /// Recorded account states of the old catalogue are dropped, so for some seconds a list may
    /// lack a recent change that Auth0's search does not show yet. Operations in flight continue
    /// with what they have read.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        let DirectoryCore { reader, recent_writes, anomalies, scans, shared_reads, .. } =
            &*self.core;
        reader.replace_catalogue(catalogue, || {
            recent_writes.forget_accounts();
            anomalies.clear();
            scans.forget_all();
            shared_reads.forget_all();
        });
    }

    /// Replaces the client secret, for all clones of the directory.
    ///
    /// The current token stays in use until it expires or Auth0 rejects it.
    pub fn set_client_secret(&self, secret: SecretString) {
        self.core.management.set_client_secret(secret);
    }
}
