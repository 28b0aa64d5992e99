//! Settings that are valid, and probably not what was meant.

use domain::{AttachRule, Role};

use super::model::Settings;

impl Settings {
    /// Returns a warning about each doubtful setting.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.roles.roles().iter().any(Role::is_protected) {
            warnings.push(
                "roles: no role is protected, so that a tenant can lose its last administrator"
                    .to_owned(),
            );
        }
        if self.accounts.attach == AttachRule::Any {
            warnings.push(
                "accounts.attach: is any, so that whoever owns an account's home tenant, or has \
                 signed up under the address of another person, can act in every tenant that \
                 attaches the account"
                    .to_owned(),
            );
        }
        if self.has_unused_database {
            warnings.push(
                "database: has no effect yet, because directory.adapter is not postgres".to_owned(),
            );
        }
        warnings
    }
}
