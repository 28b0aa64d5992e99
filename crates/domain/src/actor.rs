//! Callers: the bearer of a verified token, and the actor with its rights resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::account::User;
use crate::id::{TenantId, UserId};
use crate::permission::Permissions;
use crate::role::Role;

/// The tenants that a token covers, as the token states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedTenants {
    /// These, named by the issuer or by a claim.
    Listed(BTreeSet<TenantId>),
    /// The caller's own memberships, to be looked up by the subject.
    Memberships {
        /// Only this one of them, if the issuer is of one tenant.
        within: Option<TenantId>,
    },
    /// Every tenant: the caller is an operator.
    All,
}

/// The identity of a caller: one subject of one issuer, as a digest.
///
/// It tells whether two tokens belong to the same caller, and nothing else. Callers of two issuers
/// are always different, so that neither issuer can act as, or use up the quota of, the other's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallerKey([u8; 32]);

impl CallerKey {
    /// Returns the key of the caller whose issuer and subject have this digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

/// Writes the first sixteen hexadecimal digits, which are enough to tell callers apart in a log.
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

/// The bearer of a verified token (RFC 6750), as the token states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The caller's identity, for limits and logs.
    pub caller: CallerKey,
    /// The `sub` claim, if it is a valid account id.
    pub subject: Option<UserId>,
    /// What the token allows.
    pub permissions: Permissions,
    /// The tenants where it allows that.
    pub tenants: ClaimedTenants,
}

/// The tenants where an actor's permissions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// These; the actor's own role in them is unknown.
    Listed(BTreeSet<TenantId>),
    /// These, with the actor's own role in each.
    Roles(BTreeMap<TenantId, Role>),
    /// Every tenant, and accounts without any.
    All,
}

/// A caller with its rights resolved.
///
/// A service makes one from a token, by [`Bearer::actor`]. Tools without tokens construct it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account that acts, if the caller has one.
    pub subject: Option<UserId>,
    /// The permissions.
    pub permissions: Permissions,
    /// The tenants where they hold.
    pub coverage: Coverage,
}

impl Bearer {
    /// Returns the tenant that the token covers, if the token names exactly one.
    pub fn only_tenant(&self) -> Option<&TenantId> {
        match &self.tenants {
            ClaimedTenants::Listed(tenants) if tenants.len() == 1 => tenants.first(),
            ClaimedTenants::Memberships { within } => within.as_ref(),
            ClaimedTenants::Listed(_) | ClaimedTenants::All => None,
        }
    }

    /// Returns the account to look up before [`Bearer::actor`], if the tenants depend on it.
    pub fn membership_subject(&self) -> Option<&UserId> {
        match &self.tenants {
            ClaimedTenants::Memberships { .. } => self.subject.as_ref(),
            ClaimedTenants::Listed(_) | ClaimedTenants::All => None,
        }
    }

    /// Resolves the bearer to an actor, given the account of [`Bearer::membership_subject`].
    ///
    /// A bearer whose account is missing or blocked covers no tenant.
    pub fn actor(&self, account: Option<&User>) -> Actor {
        let coverage = match &self.tenants {
            ClaimedTenants::Listed(tenants) => Coverage::Listed(tenants.clone()),
            ClaimedTenants::All => Coverage::All,
            ClaimedTenants::Memberships { within } => Coverage::Roles(
                account
                    .filter(|user| Some(&user.id) == self.subject.as_ref())
                    .into_iter()
                    .flat_map(effective_roles)
                    .filter(|(tenant, _)| within.as_ref().is_none_or(|only| only == *tenant))
                    .map(|(tenant, role)| (tenant.clone(), role.clone()))
                    .collect(),
            ),
        };
        Actor { subject: self.subject.clone(), permissions: self.permissions, coverage }
    }
}

impl Actor {
    /// Returns an operator: every permission in every tenant.
    pub fn operator() -> Self {
        Self { subject: None, permissions: Permissions::all(), coverage: Coverage::All }
    }

    /// Returns an actor with these roles and every permission; what it may do depends on the roles.
    pub fn member(id: UserId, roles: impl IntoIterator<Item = (TenantId, Role)>) -> Self {
        let coverage = Coverage::Roles(roles.into_iter().collect());
        Self { subject: Some(id), permissions: Permissions::all(), coverage }
    }

    /// Returns the user as an actor with its own roles; a blocked user has none.
    pub fn from_user(user: &User) -> Self {
        let roles = effective_roles(user);
        let roles = roles.map(|(tenant, role)| (tenant.clone(), role.clone()));
        Self::member(user.id.clone(), roles)
    }

    /// Returns an actor with every permission in these tenants, whose own role there is unknown.
    pub fn of_tenants(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let coverage = Coverage::Listed(tenants.into_iter().collect());
        Self { subject: None, permissions: Permissions::all(), coverage }
    }

    /// Replaces the permissions.
    #[must_use]
    pub fn with_permissions(self, permissions: Permissions) -> Self {
        Self { permissions, ..self }
    }

    /// Replaces the account that acts.
    #[must_use]
    pub fn with_subject(self, subject: UserId) -> Self {
        Self { subject: Some(subject), ..self }
    }
}

/// The roles with which the user may act: none if it is blocked.
fn effective_roles(user: &User) -> impl Iterator<Item = (&TenantId, &Role)> {
    let memberships = user.memberships.iter().filter(|_| !user.blocked);
    memberships.map(|(tenant, membership)| (tenant, &membership.role))
}
