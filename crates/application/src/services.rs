//! Everything that an inbound adapter needs, in one value.

use std::sync::Arc;

use ports::{Clock, PasswordCheck, PortResult, UserDirectory};

use crate::attempts::AttemptLimit;
use crate::authorizer::Authorizer;
use crate::passwords::Passwords;
use crate::tenant_users::TenantUsers;
use crate::users::Users;

/// What the use cases ask of the outside.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Where the accounts are kept.
    pub directory: Arc<dyn UserDirectory>,
    /// Whether somebody knows an account's password.
    pub password_check: Arc<dyn PasswordCheck>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The use cases.
#[derive(Debug)]
pub struct Services {
    /// From a bearer to a scope; every call starts here.
    pub authorizer: Authorizer,
    /// Contract A.
    pub tenant_users: TenantUsers,
    /// Contract B.
    pub users: Users,
    /// Contract B's changes of password.
    pub passwords: Passwords,
    directory: Arc<dyn UserDirectory>,
}

impl Services {
    /// The use cases over these ports.
    pub fn new(ports: Ports, limit: AttemptLimit) -> Self {
        let Ports { directory, password_check, clock } = ports;
        Self {
            authorizer: Authorizer::new(Arc::clone(&directory)),
            tenant_users: TenantUsers::new(Arc::clone(&directory)),
            users: Users::new(Arc::clone(&directory)),
            passwords: Passwords::new(Arc::clone(&directory), password_check, clock, limit),
            directory,
        }
    }

    /// Whether the directory takes calls.
    ///
    /// # Errors
    /// Those of [`UserDirectory::check_ready`].
    pub async fn check_ready(&self) -> PortResult<()> {
        self.directory.check_ready().await
    }
}
