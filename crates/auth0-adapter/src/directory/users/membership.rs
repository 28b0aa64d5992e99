//! Changes and removals of a membership.

use domain::{MembershipChange, TenantId, TenantScope, User};
use ports::{PortError, PortResult};

use super::attach::display_name_update;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::app_metadata::{MetadataPatch, NameId};
use crate::management::wire::{FieldUpdate, PatchUserBody};

impl DirectoryCore {
    pub(crate) async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        // A rename does not affect the holders of protected roles.
        let of_role = change.role.is_some().then(|| LockKey::Tenant(scope.tenant().clone()));
        let keys = [LockKey::Account(snapshot.id.clone())].into_iter().chain(of_role);
        let (_held, scope) = self.begin_in_tenant(scope, keys).await?;
        let tenant = scope.tenant();
        let before = self.latest(snapshot)?;
        let (authorized, others) = self.complete(scope.authorize_change(&before, &change)?).await?;
        let mut after = before.clone();
        authorized.apply(&mut after);
        let both = before.memberships.get(tenant).zip(after.memberships.get(tenant));
        let Some((held, next)) = both else { return Err(PortError::NotFound) };

        let (mut metadata, prefix) = (MetadataPatch::default(), self.reader.prefix());
        // A write of what is there could restore what another process has just changed.
        let new_role = (next.role != held.role).then_some(&next.role);
        if let Some(role) = new_role {
            metadata = metadata.role(prefix, tenant, held, role);
        }
        if next.name != held.name {
            let id = match (&held.attachment, new_role) {
                (Some(attachment), _) => NameId::from(&**attachment),
                // The new role is written without a name beside it.
                (None, Some(_)) => NameId::without_name(),
                (None, None) => self.older_name_id(&before, tenant).await?,
            };
            metadata = metadata.name(prefix, tenant, &id, next.name.as_ref());
        }
        let patch = PatchUserBody {
            name: display_name_update(&before, &after),
            app_metadata: metadata.into_map(),
            ..PatchUserBody::default()
        };
        if patch.app_metadata.is_none() && patch.name == FieldUpdate::Keep {
            return Ok(before);
        }
        let written = self.patch(&before, &patch).await?;
        // Another process has detached the user meanwhile.
        if !scope.can_see(&written) {
            return Err(PortError::NotFound);
        }
        match new_role {
            Some(role) if held.role.outranks(role) => {
                self.finish(self.secure_demotion(&before, written, (tenant, role), &others)).await
            }
            Some(_) | None => Ok(written),
        }
    }

    /// Returns the id of the name of a membership of an older version, which depends on the name
    /// that is stored beside its role.
    async fn older_name_id(&self, user: &User, tenant: &TenantId) -> PortResult<NameId> {
        let found = self.management.user(&user.id).await?;
        let key = self.reader.prefix().membership_key(tenant);
        let id = found.and_then(|found| NameId::of_value(found.app_metadata.get(&key)));
        id.ok_or(PortError::NotFound)
    }

    pub(crate) async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let keys = [LockKey::Tenant(scope.tenant().clone()), LockKey::Account(snapshot.id.clone())];
        let (_held, scope) = self.begin_in_tenant(scope, keys).await?;
        let before = self.latest(snapshot)?;
        let (authorized, others) = self.complete(scope.authorize_detach(&before)?).await?;
        let tenants = [authorized.tenant().clone()];
        let patch = self.removal_of(&tenants);
        self.patch(&before, &patch).await?;
        self.finish(self.secure_removal(&before, &tenants, &others)).await
    }

    /// Returns the patch that removes the memberships in the tenants.
    pub(super) fn removal_of<'a>(
        &self,
        tenants: impl IntoIterator<Item = &'a TenantId>,
    ) -> PatchUserBody {
        let metadata = tenants.into_iter().fold(MetadataPatch::default(), |metadata, tenant| {
            metadata.no_membership(self.reader.prefix(), tenant)
        });
        PatchUserBody { app_metadata: metadata.into_map(), ..PatchUserBody::default() }
    }
}
