//! What can change without a restart: the catalogue of roles, and the client's secret.

use std::sync::Arc;

use domain::RoleCatalogue;
use secrecy::SecretString;

use crate::directory::auth0_directory::Auth0Directory;
use crate::directory::core::DirectoryCore;

impl Auth0Directory {
    /// From now on accounts are read under this catalogue, by every clone of the directory.
    ///
    /// What was remembered of accounts under the old one is forgotten, so that for some seconds a
    /// list may lack a change that was made just before, as far as Auth0's search lags behind.
    /// Operations that are under way go on with what they have read.
    pub fn set_roles(&self, catalogue: Arc<RoleCatalogue>) {
        let DirectoryCore { reader, recent_writes, anomalies, .. } = &*self.core;
        reader.replace_catalogue(catalogue, || {
            recent_writes.forget_accounts();
            anomalies.clear();
        });
    }

    /// From now on Auth0 is shown this secret, by every clone of the directory.
    ///
    /// The token that is held was given for the old one, and stays good for as long as Auth0 takes
    /// it.
    pub fn set_client_secret(&self, secret: SecretString) {
        self.core.management.set_client_secret(secret);
    }
}
