//! What calls do, and what they require of their caller.

use crate::permission::{Permission, Permissions};
use crate::refusal::Refusal;
use crate::role::Access;

/// What a call does, and so what it requires of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// See the users of a tenant (contract A).
    ReadTenantUsers,
    /// Change the users of a tenant (contract A).
    WriteTenantUsers,
    /// See users (contract B).
    ViewUsers,
    /// Change users (contract B).
    ModifyUsers,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 4] =
        [Self::ReadTenantUsers, Self::WriteTenantUsers, Self::ViewUsers, Self::ModifyUsers];

    /// Returns the permissions of which the token must carry one.
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Self::ReadTenantUsers => &[Permission::TenantAccessRead],
            Self::WriteTenantUsers => &[Permission::TenantAccessWrite],
            Self::ViewUsers => &[Permission::ViewUsersAndGroups, Permission::ModifyUsersAndGroups],
            Self::ModifyUsers => &[Permission::ModifyUsersAndGroups],
        }
    }

    /// Returns the access that the caller's own role, if known, must allow.
    pub fn access(self) -> Access {
        match self {
            Self::ReadTenantUsers | Self::ViewUsers => Access::Read,
            Self::WriteTenantUsers | Self::ModifyUsers => Access::Write,
        }
    }

    /// Checks that these permissions allow the operation, whatever the tenant.
    ///
    /// # Errors
    /// [`Refusal::MissingPermission`].
    pub fn check(self, held: &Permissions) -> Result<(), Refusal> {
        let permissions = self.permissions();
        if permissions.iter().any(|permission| held.has(*permission)) {
            return Ok(());
        }
        permissions.first().map_or(Ok(()), |first| Err(Refusal::MissingPermission(*first)))
    }
}
