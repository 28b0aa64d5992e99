//! Permissions: what a token allows its bearer to do, by the published names.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text_value::parse_from_str;

/// A permission that a token can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// `tenant.access:read`: see the users of a tenant (contract A).
    TenantAccessRead,
    /// `tenant.access:write`: change the users of a tenant (contract A). Does not imply read.
    TenantAccessWrite,
    /// `VIEW_USERS_AND_GROUPS`: see users (contract B).
    ViewUsersAndGroups,
    /// `MODIFY_USERS_AND_GROUPS`: see and change users (contract B).
    ModifyUsersAndGroups,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 4] = [
        Self::TenantAccessRead,
        Self::TenantAccessWrite,
        Self::ViewUsersAndGroups,
        Self::ModifyUsersAndGroups,
    ];

    /// Returns the published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TenantAccessRead => "tenant.access:read",
            Self::TenantAccessWrite => "tenant.access:write",
            Self::ViewUsersAndGroups => "VIEW_USERS_AND_GROUPS",
            Self::ModifyUsersAndGroups => "MODIFY_USERS_AND_GROUPS",
        }
    }
}

/// Why a text is not a [`Permission`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be the published name of a permission")]
pub struct InvalidPermission;

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(InvalidPermission)
    }
}

parse_from_str!(Permission);

impl AsRef<str> for Permission {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// Returns the set of the names that are permissions, compared exactly; others are ignored.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(|name| name.parse::<Permission>().ok()).collect()
    }

    /// Returns a set of every permission.
    pub fn all() -> Self {
        Permission::ALL.into_iter().collect()
    }

    /// Returns the permissions of the set.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }

    fn bit(permission: Permission) -> u8 {
        match permission {
            Permission::TenantAccessRead => 1,
            Permission::TenantAccessWrite => 1 << 1,
            Permission::ViewUsersAndGroups => 1 << 2,
            Permission::ModifyUsersAndGroups => 1 << 3,
        }
    }

    /// Whether the set contains this permission.
    pub fn has(&self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | Self::bit(permission)))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Permission::ALL.into_iter().filter(|permission| self.has(*permission));
        f.debug_set().entries(held).finish()
    }
}
