//! All use cases in one value, for inbound adapters.

use std::sync::Arc;

use domain::AccountRules;
use ports::{Clock, PasswordCheck, PortResult, UserDirectory};

use crate::attempts::AttemptLimit;
use crate::authorizer::Authorizer;
use crate::own_memberships::OwnMemberships;
use crate::passwords::Passwords;
use crate::tenant_users::TenantUsers;
use crate::users::Users;

/// The ports that the use cases need.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The directory of accounts.
    pub directory: Arc<dyn UserDirectory>,
    /// The check of current passwords.
    pub password_check: Arc<dyn PasswordCheck>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The use cases.
#[derive(Debug)]
pub struct Services {
    /// Turns a bearer into a scope; every call starts here.
    pub authorizer: Authorizer,
    /// The operations of contract A.
    pub tenant_users: TenantUsers,
    /// The operations of contract B.
    pub users: Users,
    /// The password changes of contract B.
    pub passwords: Passwords,
    /// The caller's own memberships.
    pub own_memberships: OwnMemberships,
    directory: Arc<dyn UserDirectory>,
}

impl Services {
    /// Returns the use cases over these ports, under these rules.
    pub fn new(ports: Ports, limit: AttemptLimit, rules: AccountRules) -> Self {
        let Ports { directory, password_check, clock } = ports;
        Self {
            authorizer: Authorizer::new(Arc::clone(&directory), Arc::clone(&clock), rules),
            tenant_users: TenantUsers::new(Arc::clone(&directory), Arc::clone(&clock)),
            users: Users::new(Arc::clone(&directory)),
            passwords: Passwords::new(Arc::clone(&directory), password_check, clock, limit),
            own_memberships: OwnMemberships::new(Arc::clone(&directory)),
            directory,
        }
    }

    /// Checks that the directory can serve calls.
    ///
    /// # Errors
    /// Those of [`UserDirectory::check_ready`].
    pub async fn check_ready(&self) -> PortResult<()> {
        self.directory.check_ready().await
    }
}
