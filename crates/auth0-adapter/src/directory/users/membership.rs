//! Changes and removals of a membership.

use domain::{MembershipChange, TenantScope, User};
use ports::{PortError, PortResult};

use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::{FieldUpdate, PatchUserBody};

impl DirectoryCore {
    pub(crate) async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let tenant = scope.tenant();
        // A rename does not affect the holders of protected roles.
        let keys = [LockKey::Account(snapshot.id.clone())];
        let keys =
            keys.into_iter().chain(change.role.is_some().then(|| LockKey::Tenant(tenant.clone())));
        let _held = self.lock(keys).await?;
        let before = self.recent_writes.latest(snapshot).ok_or(PortError::NotFound)?;
        let authorized = self.complete(scope.authorize_change(&before, &change)?).await?;

        let mut after = before.clone();
        authorized.apply(&mut after);
        let mut patch = PatchUserBody::default();
        if let Some(name) = &after.display_name
            && before.display_name != after.display_name
        {
            patch.name = FieldUpdate::Set(name.as_str().to_owned());
        } else if before.display_name.is_some() && after.display_name.is_none() {
            // Auth0's name of an account without one.
            patch.name = FieldUpdate::Set(before.email.as_str().to_owned());
        }
        let membership = after.memberships.get(tenant);
        if membership != before.memberships.get(tenant) {
            let metadata =
                MetadataPatch::default().membership(self.reader.prefix(), tenant, membership);
            patch.app_metadata = Some(metadata.into_map());
        }
        if patch.app_metadata.is_none() && patch.name == FieldUpdate::Keep {
            return Ok(before);
        }
        self.patch(&before, &patch).await
    }

    pub(crate) async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let tenant = scope.tenant();
        let keys = [LockKey::Tenant(tenant.clone()), LockKey::Account(snapshot.id.clone())];
        let _held = self.lock(keys).await?;
        let before = self.recent_writes.latest(snapshot).ok_or(PortError::NotFound)?;
        let authorized = self.complete(scope.authorize_detach(&before)?).await?;
        let metadata = MetadataPatch::default();
        let metadata = metadata.membership(self.reader.prefix(), authorized.tenant(), None);
        let patch =
            PatchUserBody { app_metadata: Some(metadata.into_map()), ..PatchUserBody::default() };
        self.patch(&before, &patch).await.map(drop)
    }
}
