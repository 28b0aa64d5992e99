//! Attaches an account by its address, or creates it.

use domain::{AttachStep, DisplayName, EmailAddress, NewMember, NewUser, Role, TenantScope, User};
use ports::{AttachOutcome, BoxError, Conflict, PortError, PortResult};

use super::create::CreateOutcome;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::{FieldUpdate, PatchUserBody};

/// How often an account may change between being found and being locked.
const MAX_ATTEMPTS: usize = 4;

/// The account of the address was deleted, or given another address, each time it was found.
#[derive(Debug, thiserror::Error)]
#[error("the account of the address changed in every attempt to attach it")]
struct AccountKeptChanging;

impl DirectoryCore {
    pub(crate) async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        let NewMember { email, role, name } = new_member;
        scope.authorize_grant(&role)?;
        let _held = self.lock([LockKey::Address(email.clone())]).await?;
        let mut found = self.find_by_email(scope, &email).await?;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(account) = &found {
                if let Some(user) =
                    self.attach(scope, account, &email, &role, name.as_ref()).await?
                {
                    return Ok(AttachOutcome { user, created: false });
                }
                found = self.find_by_email(scope, &email).await?;
                continue;
            }
            let new = NewUser {
                email: email.clone(),
                username: None,
                given_name: None,
                family_name: None,
                display_name: name.clone(),
                service_user: false,
                role: role.clone(),
                password: None,
            };
            if let CreateOutcome::Created(user) = self.create_account(scope, new).await? {
                return Ok(AttachOutcome { user: *user, created: true });
            }
            // Another process has created the account meanwhile, so it can be attached.
            found = self.find_by_email(scope, &email).await?;
            if found.is_none() {
                // Auth0 reports the address as taken, but shows no account with it.
                return Err(Conflict::AmbiguousAccount.into());
            }
        }
        Err(PortError::Failed { source: BoxError::from(AccountKeptChanging) })
    }

    /// Returns the account of the address that is to be attached, as Auth0 has it now.
    async fn find_by_email(
        &self,
        scope: &TenantScope,
        email: &EmailAddress,
    ) -> PortResult<Option<User>> {
        let accounts = self.accounts_with(email).await?;
        Ok(scope.account_to_attach(&accounts)?.cloned())
    }

    /// Attaches the account, or confirms its pending membership, unless the account has been deleted
    /// or has another address by now.
    async fn attach(
        &self,
        scope: &TenantScope,
        found: &User,
        email: &EmailAddress,
        role: &Role,
        name: Option<&DisplayName>,
    ) -> PortResult<Option<User>> {
        let keys = [LockKey::Account(found.id.clone())];
        let (_held, scope) = self.begin_in_tenant(scope, keys).await?;
        let latest = self.recent_writes.latest(found).filter(|user| user.email == *email);
        let Some(before) = latest else { return Ok(None) };
        if scope.authorize_attach(&before, role)? == AttachStep::AlreadyAttached {
            return Err(Conflict::AlreadyAttached.into());
        }
        let (prefix, tenant) = (self.reader.prefix(), scope.tenant());
        let mut after = before.clone();
        let attachment = self.new_attachment(email.clone())?;
        after.attach(tenant, role.clone(), name.cloned(), attachment);
        let Some(membership) = after.memberships.get(tenant) else { return Ok(None) };
        let metadata = MetadataPatch::default().membership(prefix, tenant, membership);
        let patch = PatchUserBody {
            name: display_name_update(&before, &after),
            app_metadata: metadata.into_map(),
            ..PatchUserBody::default()
        };
        let attached = self.patch(&before, &patch).await?;
        if attached.email == *email {
            return Ok(Some(attached));
        }
        // Another process has changed the address meanwhile: this is not the account to attach.
        let removal = self.removal_of([tenant]);
        self.finish(self.patch(&attached, &removal)).await?;
        Ok(None)
    }
}

/// Returns the update of the account's own name from one state to the next.
pub(super) fn display_name_update(before: &User, after: &User) -> FieldUpdate<String> {
    match &after.display_name {
        after if *after == before.display_name => FieldUpdate::Keep,
        Some(name) => FieldUpdate::Set(name.as_str().to_owned()),
        // Auth0's name of an account without one.
        None => FieldUpdate::Set(before.email.as_str().to_owned()),
    }
}
