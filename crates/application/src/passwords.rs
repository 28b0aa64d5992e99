//! Contract B's password changes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{AccountScope, CallerKey, CurrentPassword, Password, User, UserId, UserView};
use ports::{Clock, PasswordCheck, PasswordVerdict, PortError, UserDirectory};

use crate::attempts::{AttemptLimit, Attempts};
use crate::change_queue::ChangeQueue;
use crate::error::UseCaseError;

/// Sets passwords, with or without proof of the current one.
#[derive(Debug)]
pub struct Passwords {
    directory: Arc<dyn UserDirectory>,
    check: Arc<dyn PasswordCheck>,
    clock: Arc<dyn Clock>,
    attempts: Attempts,
    changes: ChangeQueue,
}

impl Passwords {
    pub(crate) fn new(
        directory: Arc<dyn UserDirectory>,
        check: Arc<dyn PasswordCheck>,
        clock: Arc<dyn Clock>,
        limit: AttemptLimit,
    ) -> Self {
        Self {
            directory,
            check,
            clock,
            attempts: Attempts::new(limit),
            changes: ChangeQueue::default(),
        }
    }

    /// Sets an account's password, without the current one.
    ///
    /// At most four changes of one account wait for each other.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `TooManyAttempts`; `Rejected` with `WeakPassword`.
    #[tracing::instrument(name = "passwords.set", skip_all)]
    pub async fn set(
        &self,
        scope: &AccountScope,
        id: &UserId,
        new: Password,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        let _permit = self.changes.acquire(id).await.map_err(too_many)?;
        let user = self.directory.set_password(scope, &user, new).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    /// Sets an account's password, with proof of the current one.
    ///
    /// Wrong attempts are counted by account and by `caller`, and by account over all callers. They
    /// count only if the caller may know the account, so that the limit reveals nothing. An attempt
    /// without a verdict counts as a wrong one, so that nobody gains by hanging up. `client` is the
    /// client's address, for the directory.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `TooManyAttempts`; `CurrentPasswordMismatch`; `Rejected` with
    /// `WeakPassword`.
    #[tracing::instrument(name = "passwords.change", skip_all)]
    pub async fn change(
        &self,
        scope: &AccountScope,
        id: &UserId,
        caller: CallerKey,
        (current, new): (CurrentPassword, Password),
        client: Option<IpAddr>,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        let attempt = self.attempts.begin(id, caller, self.clock.now()).map_err(too_many)?;
        let _permit = match self.changes.acquire(id).await {
            Ok(permit) => permit,
            Err(wait) => {
                attempt.withdraw();
                return Err(too_many(wait));
            }
        };
        let verdict = match self.check.verify(scope, &user, current, client).await {
            Ok(verdict) => verdict,
            Err(error) => {
                if is_certainly_unchecked(&error) {
                    attempt.withdraw();
                }
                return Err(error.into());
            }
        };
        attempt.record(verdict);
        if verdict == PasswordVerdict::Mismatch {
            return Err(UseCaseError::CurrentPasswordMismatch);
        }
        let user = self.directory.set_password(scope, &user, new).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    async fn find(&self, scope: &AccountScope, id: &UserId) -> Result<Arc<User>, UseCaseError> {
        let user = self.directory.find(scope, id).await?.ok_or(UseCaseError::Hidden)?;
        scope.authorize_password(&user)?;
        Ok(user)
    }
}

fn too_many(wait: Duration) -> UseCaseError {
    UseCaseError::TooManyAttempts { retry_after: Some(wait) }
}

/// Whether the directory has certainly not checked the password.
fn is_certainly_unchecked(error: &PortError) -> bool {
    match error {
        PortError::NotFound
        | PortError::Refused(_)
        | PortError::Conflict(_)
        | PortError::Rejected(_)
        | PortError::TooManyAttempts { .. }
        | PortError::Unavailable { .. } => true,
        PortError::Timeout | PortError::Failed { .. } => false,
    }
}
