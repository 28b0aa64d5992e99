//! What an account is in one tenant: changed, and taken away.

use domain::{MembershipChange, NameOwner, TenantScope, User};
use ports::{PortError, PortResult};

use crate::directory::Inner;
use crate::locks::Key;
use crate::metadata::Entries;
use crate::wire::{Set, UserPatch};

impl Inner {
    pub(crate) async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let tenant = scope.tenant();
        // Who holds the protected roles does not matter to a mere renaming.
        let keys = [Key::Account(snapshot.id.clone())];
        let keys =
            keys.into_iter().chain(change.role.is_some().then(|| Key::Tenant(tenant.clone())));
        let _held = self.lock(keys).await?;
        let before = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
        let authorized = self.complete(scope.authorize_change(&before, &change)?).await?;

        let mut after = before.clone();
        authorized.apply(&mut after);
        let mut patch = UserPatch::default();
        let gets_role = change.role.is_some();
        if let Some(name) = change.name
            && before.name_owner(tenant) == NameOwner::Account
        {
            patch.name = Set::To(name.as_str().to_owned());
        }
        let membership = after.memberships.get(tenant);
        if gets_role || membership != before.memberships.get(tenant) {
            let entries = Entries::default().membership(self.readers.prefix(), tenant, membership);
            patch.app_metadata = Some(entries.into_map());
        }
        if patch.app_metadata.is_none() && patch.name == Set::Keep {
            return Ok(before);
        }
        self.patch(&before, &patch).await
    }

    pub(crate) async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let tenant = scope.tenant();
        let keys = [Key::Tenant(tenant.clone()), Key::Account(snapshot.id.clone())];
        let _held = self.lock(keys).await?;
        let before = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
        let authorized = self.complete(scope.authorize_detach(&before)?).await?;
        let entries = Entries::default();
        let entries = entries.membership(self.readers.prefix(), authorized.tenant(), None);
        let patch = UserPatch { app_metadata: Some(entries.into_map()), ..UserPatch::default() };
        self.patch(&before, &patch).await.map(drop)
    }
}
