//! Callers: the bearer of a verified token, and the actor with its rights resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::account::User;
use crate::context::PolicyContext;
use crate::id::{TenantId, UserId};
use crate::permission::Permissions;
use crate::refusal::{Denied, Refusal};
use crate::role::{Access, Role};

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

    /// Returns the first eight bytes, which are enough to tell callers apart in a log.
    pub const fn prefix(&self) -> u64 {
        let [prefix @ .., _, _, _, _, _, _, _, _] = self.0;
        let [prefix @ .., _, _, _, _, _, _, _, _] = prefix;
        let [prefix @ .., _, _, _, _, _, _, _, _] = prefix;
        u64::from_be_bytes(prefix)
    }
}

/// Writes the prefix as sixteen hexadecimal digits.
impl fmt::Display for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.prefix())
    }
}

impl fmt::Debug for CallerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerKey(…)")
    }
}

/// Which subjects of an issuer's tokens are accounts of the directory (rule R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// Any subject is the account with that id: the issuer is the directory itself.
    Accounts,
    /// Only the account at home in, and attached to, a tenant that the token covers: the issuer is
    /// a tenant's own, and may name any subject.
    Home,
    /// None is.
    External,
}

/// The bearer of a verified token (RFC 6750), as the token states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The caller's identity, for limits and logs.
    pub caller: CallerKey,
    /// The `iss` claim.
    pub issuer: String,
    /// The `sub` claim, if it is a valid account id.
    pub subject: Option<UserId>,
    /// Whether the subject is an account.
    pub subject_kind: SubjectKind,
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

impl Coverage {
    /// Returns the caller's own role in the tenant, if it is known.
    pub(crate) fn role_in(
        &self,
        tenant: &TenantId,
        access: Access,
    ) -> Result<Option<Role>, Denied> {
        match self {
            Self::All => Ok(None),
            Self::Listed(tenants) if tenants.contains(tenant) => Ok(None),
            Self::Listed(_) => Err(Refusal::TenantNotCovered.into()),
            Self::Roles(roles) => {
                let role = roles.get(tenant).ok_or(Refusal::TenantNotCovered)?;
                if role.allows(access) {
                    Ok(Some(role.clone()))
                } else {
                    Err(Refusal::InsufficientRole.into())
                }
            }
        }
    }

    /// Checks that one of the caller's roles, where they are known, allows the access.
    pub(crate) fn check_any_role(&self, access: Access) -> Result<(), Denied> {
        match self {
            Self::Roles(roles) if !roles.values().any(|role| role.allows(access)) => {
                Err(Refusal::InsufficientRole.into())
            }
            Self::Roles(_) | Self::Listed(_) | Self::All => Ok(()),
        }
    }

    /// Whether the token covers this tenant by name: as an operator it covers none in particular.
    pub(crate) fn names(&self, tenant: &TenantId) -> bool {
        match self {
            Self::All => false,
            Self::Listed(tenants) => tenants.contains(tenant),
            Self::Roles(roles) => roles.contains_key(tenant),
        }
    }
}

/// A caller with its rights resolved.
///
/// A service makes one from a token, by [`Bearer::actor`]. Tools without tokens construct it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account that acts, if the caller has one.
    pub subject: Option<UserId>,
    /// Whether the subject is an account.
    pub subject_kind: SubjectKind,
    /// The permissions.
    pub permissions: Permissions,
    /// The tenants where they hold.
    pub coverage: Coverage,
    /// The account whose stored memberships the coverage was resolved from.
    resolved_from: Option<CallerAccount>,
}

/// The caller's account, whose memberships decide what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallerAccount {
    pub(crate) id: UserId,
    /// The one tenant whose membership counts, if the issuer is of one tenant.
    pub(crate) within: Option<TenantId>,
}

impl CallerAccount {
    /// Returns the coverage that the account's active memberships give.
    pub(crate) fn coverage(&self, account: Option<&User>, context: &PolicyContext) -> Coverage {
        let account = account.filter(|account| account.id == self.id);
        let roles = account.into_iter().flat_map(|account| account.active_roles(context));
        let roles =
            roles.filter(|(tenant, _)| self.within.as_ref().is_none_or(|only| only == *tenant));
        Coverage::Roles(roles.map(|(tenant, role)| (tenant.clone(), role.clone())).collect())
    }
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
    /// A bearer whose account is missing or blocked covers no tenant, and one whose membership is
    /// not active does not cover that tenant.
    pub fn actor(&self, account: Option<&User>, context: &PolicyContext) -> Actor {
        let (coverage, resolved_from) = match &self.tenants {
            ClaimedTenants::Listed(tenants) => (Coverage::Listed(tenants.clone()), None),
            ClaimedTenants::All => (Coverage::All, None),
            ClaimedTenants::Memberships { within } => match &self.subject {
                Some(id) => {
                    let caller = CallerAccount { id: id.clone(), within: within.clone() };
                    (caller.coverage(account, context), Some(caller))
                }
                None => (Coverage::Roles(BTreeMap::new()), None),
            },
        };
        Actor {
            subject: self.subject.clone(),
            subject_kind: self.subject_kind,
            permissions: self.permissions,
            coverage,
            resolved_from,
        }
    }
}

impl Actor {
    /// Returns an actor with every permission in these tenants.
    fn new(subject: Option<UserId>, subject_kind: SubjectKind, coverage: Coverage) -> Self {
        let permissions = Permissions::all();
        Self { subject, subject_kind, permissions, coverage, resolved_from: None }
    }

    /// Returns an operator: every permission in every tenant.
    pub fn operator() -> Self {
        Self::new(None, SubjectKind::External, Coverage::All)
    }

    /// Returns an actor with these roles and every permission; what it may do depends on the roles.
    pub fn member(id: UserId, roles: impl IntoIterator<Item = (TenantId, Role)>) -> Self {
        let coverage = Coverage::Roles(roles.into_iter().collect());
        Self::new(Some(id), SubjectKind::Accounts, coverage)
    }

    /// Returns the user as an actor with its own roles: those of its active memberships; a blocked
    /// user has none.
    pub fn from_user(user: &User, context: &PolicyContext) -> Self {
        let roles = user.active_roles(context);
        let roles = roles.map(|(tenant, role)| (tenant.clone(), role.clone()));
        Self::member(user.id.clone(), roles)
    }

    /// Returns an actor with every permission in these tenants, whose own role there is unknown.
    pub fn of_tenants(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let coverage = Coverage::Listed(tenants.into_iter().collect());
        Self::new(None, SubjectKind::Home, coverage)
    }

    /// Replaces the permissions.
    #[must_use]
    pub fn with_permissions(self, permissions: Permissions) -> Self {
        Self { permissions, ..self }
    }

    /// Replaces the subject, and whether it is an account.
    #[must_use]
    pub fn with_subject(self, subject: UserId, subject_kind: SubjectKind) -> Self {
        Self { subject: Some(subject), subject_kind, ..self }
    }

    /// Returns the subject, if it can be an account.
    pub fn account(&self) -> Option<&UserId> {
        self.subject.as_ref().filter(|_| self.subject_kind != SubjectKind::External)
    }

    pub(crate) fn resolved_from(&self) -> Option<&CallerAccount> {
        self.resolved_from.as_ref()
    }
}
