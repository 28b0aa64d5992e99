//! What is the account's own: changed, and deleted.

use domain::{AccountChange, AccountScope, PersonName, User};
use ports::{AccountUpdate, Conflict, PortError, PortResult};

use crate::directory::Inner;
use crate::error::Fault;
use crate::locks::{Held, Key};
use crate::management::Repeat;
use crate::wire::{Set, UserPatch};

/// How often an account may be attached to yet another tenant while it is being locked.
const ATTEMPTS: usize = 16;

/// The account was attached to one more tenant each time all of them were locked.
#[derive(Debug, thiserror::Error)]
#[error("an account was attached to yet another tenant with each attempt to delete it")]
struct Elusive;

fn set(name: Option<PersonName>) -> Set<String> {
    name.map_or(Set::Clear, |name| Set::To(name.as_str().to_owned()))
}

impl Inner {
    pub(crate) async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        let _held = self.lock([Key::Account(snapshot.id.clone())]).await?;
        let before = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
        scope.authorize_change(&before)?;
        let renames = change.changes_names(&before);
        let AccountChange { email, given_name, family_name } = change;
        let names = UserPatch {
            given_name: set(given_name),
            family_name: set(family_name),
            ..UserPatch::default()
        };
        if email == before.email {
            let user = self.patch(&before, &names).await?;
            return Ok(AccountUpdate { user, failures: Vec::new() });
        }
        let address = email.as_str().to_owned();
        let everything = UserPatch {
            connection: Some(self.connection.clone()),
            // Auth0 keeps the address as the name where there is none, but would not move it along:
            // the old address would become the display name.
            name: if before.display_name.is_none() { Set::To(address.clone()) } else { Set::Keep },
            email: Some(address),
            email_verified: Some(false),
            verify_email: Some(self.verify_email),
            ..names.clone()
        };
        match self.management.patch(&before.id, &everything, Repeat::Safe).await {
            Ok(answer) => {
                let user = self.wrote(&before.id, Some(&before), answer)?;
                Ok(AccountUpdate { user, failures: Vec::new() })
            }
            // Nothing of it was done.
            Err(Fault::EmailTaken) if renames => {
                let user = self.patch(&before, &names).await?;
                Ok(AccountUpdate { user, failures: vec![Conflict::EmailTaken] })
            }
            Err(fault) => Err(self.failed(&before, fault).await),
        }
    }

    pub(crate) async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let (_held, before) = self.lock_with_tenants(snapshot).await?;
        let authorized = self.complete(scope.authorize_deletion(&before)?).await?;
        if let Err(fault) = self.management.delete(authorized.user()).await {
            return Err(self.failed(&before, fault).await);
        }
        self.recent.deleted(&before);
        Ok(())
    }

    /// Locks the account and all of its tenants, and answers what it is then.
    async fn lock_with_tenants(&self, snapshot: &User) -> PortResult<(Held, User)> {
        for _ in 0..ATTEMPTS {
            let expected = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
            let tenants = expected.memberships.keys().cloned().map(Key::Tenant);
            let held = self.lock(tenants.chain([Key::Account(snapshot.id.clone())])).await?;
            let newest = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
            // It may have been attached to another tenant while the locks were waited for.
            if newest.memberships.keys().all(|tenant| expected.memberships.contains_key(tenant)) {
                return Ok((held, newest));
            }
        }
        Err(PortError::Failed { source: Elusive.into() })
    }
}
