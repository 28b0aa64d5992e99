//! Passwords: set by `PATCH`, checked by logging in (the password-realm grant).

use std::net::IpAddr;
use std::sync::Arc;

use domain::{AccountScope, CurrentPassword, Password, User, UserId};
use ports::{AccountField, PasswordVerdict, PortError, PortResult, RejectedValue};
use tracing::Instrument as _;

use crate::digest::digest;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::error::Auth0Error;
use crate::management::params::PatchRetry;
use crate::management::password_grant::PasswordGrantOutcome;
use crate::management::wire::PatchUserBody;
use crate::transport::backoff::sleep;

/// The prefix of the ids of accounts whose password Auth0 stores itself.
pub(super) const PROVIDER: &str = "auth0|";

impl DirectoryCore {
    pub(crate) async fn set_password(
        self: &Arc<Self>,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        let keys = [LockKey::Account(snapshot.id.clone())];
        let (_held, scope) = self.begin_on_account(scope, keys).await?;
        let before = self.latest(snapshot)?;
        scope.authorize_password(&before)?;
        let stamp = scope.stamp_after_password(&before, self.directory_now());
        let patch = PatchUserBody {
            connection: Some(self.connection_of(&before.id)),
            password: Some(password),
            app_metadata: self.stamp_patch(&stamp),
            ..PatchUserBody::default()
        };
        let blocked = before.blocked || self.pending_reblocks.contains(&before.id);
        let outcome = self.management.patch(&before.id, &patch, PatchRetry::IfUnprocessed).await;
        match outcome {
            Ok(response) => {
                let after = if blocked {
                    self.reblock(&before).await?
                } else {
                    self.record_write(&before.id, Some(&before), response)?
                };
                self.keep_stamp_open(&stamp, after).await
            }
            // Whether the password was set is unknown, and so is whether the block was lifted.
            Err(error @ Auth0Error::OutcomeUnknown(_)) if blocked => {
                self.schedule_reblock(&before.id);
                self.reblock(&before).await?;
                Err(error.into())
            }
            Err(error) => Err(self.resolve_failure(&before, error).await),
        }
    }

    /// Restores a block: Auth0 lifts an administrator's block when a password is set ("Block and
    /// Unblock Users").
    ///
    /// The account must not stay unblocked, so this has a deadline of its own.
    async fn reblock(self: &Arc<Self>, before: &User) -> PortResult<User> {
        let patch = PatchUserBody { blocked: Some(true), ..PatchUserBody::default() };
        let blocked = self.finish(self.patch(before, &patch)).await;
        match &blocked {
            Ok(_) | Err(PortError::NotFound) => self.pending_reblocks.remove(&before.id),
            Err(error) => {
                log_unblocked(&before.id, error);
                if self.pending_reblocks.insert(&before.id) {
                    self.schedule_reblock(&before.id);
                }
            }
        }
        blocked
    }

    /// Schedules checks that the account is blocked: a password request without a response may be
    /// processed, and lift the block, after the account was re-blocked; and a failed re-block is
    /// still pending.
    fn schedule_reblock(self: &Arc<Self>, id: &UserId) {
        let (core, id) = (Arc::clone(self), id.clone());
        let work = async move {
            for attempt in 1..=REBLOCK_ATTEMPTS {
                sleep(core.timeout * attempt).await;
                // Without the lock too: blocking twice does no harm.
                let _held = core.lock([LockKey::Account(id.clone())]).await;
                let blocked = match core.read(&id).await {
                    Ok(Some(user)) if !user.blocked => core.reblock(&user).await.map(drop),
                    Ok(_) => {
                        core.pending_reblocks.remove(&id);
                        Ok(())
                    }
                    Err(error) => Err(error),
                };
                if blocked.is_ok() {
                    return;
                }
            }
            // The re-block stays pending for the next change of the password.
            tracing::error!(account = digest(id.as_str()), "gave up re-blocking an account");
        };
        // Not a part of the call, which may be over: the span begins in the task.
        let task =
            async { work.instrument(tracing::info_span!(parent: None, "block_again")).await };
        self.tasks.write(task);
    }
}

/// How often the block is checked. The delay grows with each check, to about a minute in all with
/// the default timeout.
const REBLOCK_ATTEMPTS: u32 = 5;

/// Logs the account for the operator.
fn log_unblocked(id: &UserId, error: &PortError) {
    tracing::error!(
        account = digest(id.as_str()),
        error = %error,
        "re-block failed; the account may be unblocked since its password was set"
    );
}

impl DirectoryCore {
    pub(crate) async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: &CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let user = self.latest(snapshot)?;
        scope.authorize_password(&user)?;
        // The password of another provider's account is not stored here: the address may belong to a
        // different account here.
        if !user.id.as_str().starts_with(PROVIDER) {
            return Err(RejectedValue::Unsupported(vec![AccountField::Password]).into());
        }
        // No account has an invalid password.
        if offered.expose().parse::<Password>().is_err() {
            return Ok(PasswordVerdict::Mismatch);
        }
        let connection = self.connection_of(&user.id);
        match self.management.log_in(&connection, &user.email, offered, client).await? {
            PasswordGrantOutcome::Accepted => Ok(PasswordVerdict::Match),
            PasswordGrantOutcome::WrongPassword => Ok(PasswordVerdict::Mismatch),
            PasswordGrantOutcome::AttemptsBlocked { retry_after } => {
                Err(PortError::TooManyAttempts { retry_after })
            }
        }
    }
}
