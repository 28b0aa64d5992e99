//! Attaches an account by its address, or creates it.

use domain::{EmailAddress, Membership, NewMember, NewUser, Role, TenantScope, User};
use ports::{AttachOutcome, BoxError, Conflict, PortError, PortResult};

use super::create::CreateOutcome;
use super::email_match::with_email;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::{self, FieldUpdate};

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
        let mut found = self.find_by_email(&email).await?;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(account) = &found {
                if let Some(user) =
                    self.attach(scope, account, &email, &role, name.as_ref()).await?
                {
                    return Ok(AttachOutcome { user, created: false });
                }
                found = self.find_by_email(&email).await?;
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
            if let CreateOutcome::Created(user) = self.create_account(scope.tenant(), new).await? {
                return Ok(AttachOutcome { user, created: true });
            }
            // Another process has created the account meanwhile, so it can be attached.
            found = self.find_by_email(&email).await?;
            if found.is_none() {
                // Auth0 reports the address as taken, but shows no account with it.
                return Err(Conflict::AmbiguousAccount.into());
            }
        }
        Err(PortError::Failed { source: BoxError::from(AccountKeptChanging) })
    }

    /// Returns the account of the address, as Auth0 has it now.
    async fn find_by_email(&self, email: &EmailAddress) -> PortResult<Option<User>> {
        let found = self.management.users_by_email(email).await?;
        let mut found = with_email(found, email);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            // An unreadable account still has the address.
            (Some(user), None) => {
                self.reader.current().read(user).map(Some).ok_or(Conflict::AmbiguousAccount.into())
            }
            (Some(_), Some(_)) => Err(Conflict::AmbiguousAccount.into()),
        }
    }

    /// Attaches the account, unless it has been deleted or has another address by now.
    async fn attach(
        &self,
        scope: &TenantScope,
        found: &User,
        email: &EmailAddress,
        role: &Role,
        name: Option<&domain::DisplayName>,
    ) -> PortResult<Option<User>> {
        let _held = self.lock([LockKey::Account(found.id.clone())]).await?;
        let latest = self.recent_writes.latest(found).filter(|user| user.email == *email);
        let Some(before) = latest else { return Ok(None) };
        let tenant = scope.tenant();
        if before.memberships.contains_key(tenant) {
            return Err(Conflict::AlreadyAttached.into());
        }
        let mut after = before.clone();
        after.memberships.insert(tenant.clone(), Membership::new(role.clone()));
        if let Some(name) = name {
            after.rename_in(tenant, name.clone());
        }
        let prefix = self.reader.prefix();
        let metadata =
            MetadataPatch::default().membership(prefix, tenant, after.memberships.get(tenant));
        let patch = wire::PatchUserBody {
            name: display_name_update(&before, &after),
            app_metadata: Some(metadata.into_map()),
            ..wire::PatchUserBody::default()
        };
        self.patch(&before, &patch).await.map(Some)
    }
}

/// Returns the update of the account's own name from one state to the next.
fn display_name_update(before: &User, after: &User) -> FieldUpdate<String> {
    match &after.display_name {
        Some(name) if before.display_name != after.display_name => {
            FieldUpdate::Set(name.as_str().to_owned())
        }
        Some(_) | None => FieldUpdate::Keep,
    }
}
