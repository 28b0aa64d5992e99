//! Who calls: what a verified token says, and the actor that it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::account::User;
use crate::id::{TenantId, UserId};
use crate::role::Role;

/// What a token can allow, by the published names.
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

    /// Its published name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TenantAccessRead => "tenant.access:read",
            Self::TenantAccessWrite => "tenant.access:write",
            Self::ViewUsersAndGroups => "VIEW_USERS_AND_GROUPS",
            Self::ModifyUsersAndGroups => "MODIFY_USERS_AND_GROUPS",
        }
    }
}

/// The permissions that a token carries.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// Those among the names that Usher knows, compared exactly; others mean nothing here.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let known = |name| Permission::ALL.into_iter().find(|known| known.as_str() == name);
        names.into_iter().filter_map(known).collect()
    }

    fn bit(permission: Permission) -> u8 {
        match permission {
            Permission::TenantAccessRead => 1,
            Permission::TenantAccessWrite => 1 << 1,
            Permission::ViewUsersAndGroups => 1 << 2,
            Permission::ModifyUsersAndGroups => 1 << 3,
        }
    }

    /// Whether this one is among them.
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

/// How a token tells which tenants it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedTenants {
    /// It names them, by its issuer or by a claim.
    Listed(BTreeSet<TenantId>),
    /// They are the caller's own memberships, to be looked up by the subject.
    Memberships {
        /// Only this one of them, if the issuer speaks for one tenant alone.
        within: Option<TenantId>,
    },
    /// Every tenant: the caller is an operator.
    All,
}

/// Who bears a token, told apart from everybody else who may call: one issuer's one subject.
///
/// It says nothing but whether two tokens are the same caller's. Two issuers never share a caller,
/// so neither can act, or use something up, in the name of the other's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallerKey([u8; 32]);

impl CallerKey {
    /// The caller whose issuer and subject have this digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

/// The first sixteen hexadecimal digits: enough to tell callers apart in a log.
impl fmt::Display for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerKey(…)")
    }
}

/// What a verified token says of its bearer (RFC 6750).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Who it is, for counting.
    pub caller: CallerKey,
    /// The `sub` claim, if it can be an account of the directory.
    pub subject: Option<UserId>,
    /// What the token allows.
    pub permissions: Permissions,
    /// Where it allows it.
    pub tenants: ClaimedTenants,
}

/// The tenants that an actor's token covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// These; the actor's own role in them is unknown.
    Listed(BTreeSet<TenantId>),
    /// These, with the actor's own role in each.
    Roles(BTreeMap<TenantId, Role>),
    /// Every tenant, and accounts without any.
    All,
}

/// Who acts, with the tenants settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account that acts, if it can be one.
    pub subject: Option<UserId>,
    /// What the token allows.
    pub permissions: Permissions,
    /// Where it allows it.
    pub coverage: Coverage,
}

impl Bearer {
    /// The tenant that the token covers, if the token itself says that it is one alone.
    pub fn only_tenant(&self) -> Option<&TenantId> {
        match &self.tenants {
            ClaimedTenants::Listed(tenants) if tenants.len() == 1 => tenants.first(),
            ClaimedTenants::Memberships { within } => within.as_ref(),
            ClaimedTenants::Listed(_) | ClaimedTenants::All => None,
        }
    }

    /// The account to look up before [`Bearer::actor`], if the tenants depend on it.
    pub fn membership_subject(&self) -> Option<&UserId> {
        match &self.tenants {
            ClaimedTenants::Memberships { .. } => self.subject.as_ref(),
            ClaimedTenants::Listed(_) | ClaimedTenants::All => None,
        }
    }

    /// The actor that this bearer is, given the account of [`Bearer::membership_subject`].
    ///
    /// Somebody without an account, or whose account is blocked, acts nowhere.
    pub fn actor(&self, account: Option<&User>) -> Actor {
        let coverage = match &self.tenants {
            ClaimedTenants::Listed(tenants) => Coverage::Listed(tenants.clone()),
            ClaimedTenants::All => Coverage::All,
            ClaimedTenants::Memberships { within } => Coverage::Roles(
                account
                    .filter(|user| Some(&user.id) == self.subject.as_ref() && !user.blocked)
                    .into_iter()
                    .flat_map(|user| &user.memberships)
                    .filter(|(tenant, _)| within.as_ref().is_none_or(|only| only == *tenant))
                    .map(|(tenant, membership)| (tenant.clone(), membership.role.clone()))
                    .collect(),
            ),
        };
        Actor { subject: self.subject.clone(), permissions: self.permissions, coverage }
    }
}
