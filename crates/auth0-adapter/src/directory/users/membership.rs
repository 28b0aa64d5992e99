//! Changes and removals of a membership.

use domain::{DisplayName, MembershipChange, NameOwner, TenantId, TenantScope, User};
use ports::{PortError, PortResult};

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
        let Some(held) = before.memberships.get(tenant) else { return Err(PortError::NotFound) };

        let (mut patch, mut metadata) = (PatchUserBody::default(), MetadataPatch::default());
        let prefix = self.reader.prefix();
        let MembershipChange { role, name } = authorized.change();
        // A write of what is there could restore what another process has just changed.
        let new_role = role.as_ref().filter(|role| **role != held.role);
        if let Some(role) = new_role {
            metadata = metadata.role(prefix, tenant, held, role);
        }
        if let Some(name) = name {
            let is_own = before.name_owner(tenant) == NameOwner::Account;
            if is_own && before.display_name.as_ref() != Some(name) {
                patch.name = FieldUpdate::Set(name.as_str().to_owned());
            }
            let name_here = (!is_own).then_some(name);
            if held.name.as_ref() != name_here {
                let id = match (new_role, &held.attachment) {
                    // The role's value, too, is written without a name beside it.
                    (Some(_), None) => NameId::without_name(),
                    (_, Some(attachment)) => NameId::from(attachment),
                    (None, None) => match self.older_name_id(&before, tenant).await? {
                        Some(id) => id,
                        None => return Err(PortError::NotFound),
                    },
                };
                metadata = self.rename(metadata, tenant, &id, name_here);
            }
        }
        patch.app_metadata = metadata.into_map();
        if patch.app_metadata.is_none() && patch.name == FieldUpdate::Keep {
            return Ok(before);
        }
        let after = self.patch(&before, &patch).await?;
        match new_role {
            Some(role) if held.role.outranks(role) => {
                self.finish(self.secure_demotion(&before, after, (tenant, role), &others)).await
            }
            Some(_) | None => Ok(after),
        }
    }

    fn rename(
        &self,
        metadata: MetadataPatch,
        tenant: &TenantId,
        id: &NameId,
        name: Option<&DisplayName>,
    ) -> MetadataPatch {
        metadata.name(self.reader.prefix(), tenant, id, name)
    }

    /// Returns the id of the name of a membership of an older version, which depends on the name
    /// that is stored beside its role.
    async fn older_name_id(&self, user: &User, tenant: &TenantId) -> PortResult<Option<NameId>> {
        let found = self.management.user(&user.id).await?;
        let key = self.reader.prefix().membership_key(tenant);
        Ok(found.and_then(|found| NameId::of_value(found.app_metadata.get(&key))))
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
