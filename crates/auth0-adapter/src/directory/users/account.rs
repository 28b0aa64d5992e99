//! Changes and deletions of an account.

use domain::{AccountChange, AccountScope, PersonName, TenantId, User};
use ports::{AccountUpdate, Conflict, PortError, PortResult};

use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::error::Auth0Error;
use crate::management::params::PatchRetry;
use crate::management::wire::{FieldUpdate, PatchUserBody};
use concurrency::KeyedLockGuard;

/// How often an account may be attached to another tenant while its locks are acquired.
const MAX_ATTEMPTS: usize = 16;

/// The account was attached to another tenant in every attempt to lock all of its tenants.
#[derive(Debug, thiserror::Error)]
#[error("the account was attached to another tenant in every attempt to delete it")]
struct TenantsKeptChanging;

/// Returns the update of a name: nothing is sent that does not change.
fn update(before: Option<&PersonName>, name: Option<&PersonName>) -> FieldUpdate<String> {
    match name {
        _ if name == before => FieldUpdate::Keep,
        Some(name) => FieldUpdate::Set(name.as_str().to_owned()),
        None => FieldUpdate::Clear,
    }
}

impl DirectoryCore {
    pub(crate) async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        let keys = [LockKey::Address(change.email.clone()), LockKey::Account(snapshot.id.clone())];
        let (_held, scope) = self.begin_on_account(scope, keys).await?;
        let before = self.latest(snapshot)?;
        scope.authorize_change(&before)?;
        let changes_names = change.changes_names(&before);
        let AccountChange { email, given_name, family_name } = change;
        // Only what differs is sent: the account's connection may own the rest.
        let name_patch = PatchUserBody {
            given_name: update(before.given_name.as_ref(), given_name.as_ref()),
            family_name: update(before.family_name.as_ref(), family_name.as_ref()),
            ..PatchUserBody::default()
        };
        if email == before.email {
            let user = if changes_names { self.patch(&before, &name_patch).await? } else { before };
            return Ok(AccountUpdate { user, failures: Vec::new() });
        }
        let taken = || vec![Conflict::EmailTaken];
        if self.is_taken_elsewhere(&email, Some(&before.id)).await? {
            if !changes_names {
                return Err(Conflict::EmailTaken.into());
            }
            let user = self.patch(&before, &name_patch).await?;
            return Ok(AccountUpdate { user, failures: taken() });
        }
        let stamp = scope.stamp_after_address(&before, self.directory_now());
        let address = email.as_str().to_owned();
        let full_patch = PatchUserBody {
            connection: Some(self.connection_of(&before.id)),
            // Auth0 stores the address as the name if there is none, and does not update it: the
            // old address would become the display name.
            name: if before.display_name.is_none() {
                FieldUpdate::Set(address.clone())
            } else {
                FieldUpdate::Keep
            },
            email: Some(address),
            email_verified: Some(false),
            verify_email: Some(self.verify_email),
            app_metadata: self.stamp_patch(&stamp),
            ..name_patch.clone()
        };
        match self.management.patch(&before.id, &full_patch, PatchRetry::Always).await {
            Ok(response) => {
                let user = self.record_write(&before.id, Some(&before), response)?;
                let user = self.keep_stamp_open(&stamp, user).await?;
                Ok(AccountUpdate { user, failures: Vec::new() })
            }
            // Nothing was changed.
            Err(Auth0Error::EmailTaken) if changes_names => {
                let user = self.patch(&before, &name_patch).await?;
                Ok(AccountUpdate { user, failures: taken() })
            }
            Err(error) => Err(self.resolve_failure(&before, error).await),
        }
    }

    pub(crate) async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let (_held, scope, before) = self.lock_with_tenants(scope, snapshot).await?;
        let (authorized, others) = self.complete(scope.authorize_deletion(&before)?).await?;
        // A deletion cannot be undone, so the protected memberships are removed first.
        let at_risk: Vec<TenantId> =
            others.iter().map(|other| other.at_risk.tenant().clone()).collect();
        if !at_risk.is_empty() {
            self.patch(&before, &self.removal_of(&at_risk)).await?;
            self.finish(self.secure_removal(&before, &at_risk, &others)).await?;
        }
        match self.management.delete(authorized.user()).await {
            Ok(()) => {
                self.recent_writes.record_deletion(&before);
                self.end_sharing(&before.id, [&before]);
                Ok(())
            }
            Err(error) => {
                if !matches!(error, Auth0Error::NotFound | Auth0Error::OutcomeUnknown(_)) {
                    self.finish(self.restore(&before, &at_risk)).await;
                }
                Err(self.resolve_failure(&before, error).await)
            }
        }
    }

    /// Locks the account and all of its tenants, and returns its latest state.
    async fn lock_with_tenants(
        &self,
        scope: &AccountScope,
        snapshot: &User,
    ) -> PortResult<(KeyedLockGuard<LockKey>, AccountScope, User)> {
        for _ in 0..MAX_ATTEMPTS {
            let expected = self.latest(snapshot)?;
            let tenants = expected.memberships.keys().cloned().map(LockKey::Tenant);
            let keys = tenants.chain([LockKey::Account(snapshot.id.clone())]);
            let (held, scope) = self.begin_on_account(scope, keys).await?;
            let latest = self.latest(snapshot)?;
            // It may have been attached to another tenant while this waited for the locks.
            if latest.memberships.keys().all(|tenant| expected.memberships.contains_key(tenant)) {
                return Ok((held, scope, latest));
            }
        }
        Err(PortError::Failed { source: TenantsKeptChanging.into() })
    }
}
