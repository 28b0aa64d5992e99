//! The mails that a person needs to prove that an account is its own.

use domain::{TenantScope, User};
use ports::{Conflict, PortError, PortResult};

use crate::directory::directory_core::DirectoryCore;
use crate::directory::passwords::PROVIDER;
use crate::management::error::Auth0Error;

impl DirectoryCore {
    /// Requests a link to verify the address if it is not verified, and one to set a password if
    /// none is known to have been set or used by the person.
    pub(crate) async fn send_invitation(
        &self,
        scope: &TenantScope,
        snapshot: &User,
    ) -> PortResult<()> {
        let (_held, scope) = self.begin_in_tenant(scope, []).await?;
        let user = self.latest(snapshot)?;
        scope.authorize_invitation(&user)?;
        let credentials = &user.credentials;
        let is_unused = user.last_login.is_none() && credentials.last_password_reset.is_none();
        if !credentials.email_verified {
            self.management.send_verification_mail(&user.id).await.map_err(no_mail)?;
        }
        let has_password = user.id.as_str().starts_with(PROVIDER);
        if has_password && (is_unused || credentials.open_stamp().is_some()) {
            let connection = self.connection_of(&user.id);
            self.management.send_reset_mail(&connection, &user.email).await.map_err(no_mail)?;
        }
        Ok(())
    }
}

/// Converts the error. Another provider verifies the addresses of its accounts itself.
fn no_mail(error: Auth0Error) -> PortError {
    if let Auth0Error::NotSupported(_) = error {
        Conflict::MailUnavailable.into()
    } else {
        error.into()
    }
}
