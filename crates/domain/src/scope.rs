//! Scopes: proof that the policy has let a call through, and to what it has let it.
//!
//! Only [`crate::policy`] makes them, and every port method that touches tenant data takes one, so
//! that forgetting the check does not compile.
//! A scope keeps what it needs to ask the rules again about an account as it is *now*: adapters do
//! so in the same step as the change, since the account may have moved since the caller looked.

use crate::account::User;
use crate::actor::{Coverage, Permission};
use crate::id::{TenantId, UserId};
use crate::policy::{Denied, Refusal};
use crate::role::{Access, Role};

/// The people of one tenant, to be seen or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
    access: Access,
    own_role: Option<Role>,
}

impl TenantScope {
    pub(crate) fn new(tenant: TenantId, access: Access, own_role: Option<Role>) -> Self {
        Self { tenant, access, own_role }
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether the account is attached to the tenant (R1).
    pub fn can_see(&self, user: &User) -> bool {
        user.memberships.contains_key(&self.tenant)
    }

    /// Whether the caller may give somebody this role (R3).
    ///
    /// # Errors
    /// [`Denied::Refused`] if the scope is for seeing only, or if the role is above the caller's.
    pub fn authorize_grant(&self, role: &Role) -> Result<(), Denied> {
        if self.access != Access::Write {
            return Err(Refusal::MissingPermission(Permission::TenantAccessWrite).into());
        }
        match &self.own_role {
            Some(own) if role.outranks(own) => Err(Refusal::RoleAboveOwn.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the caller may change what the account is in the tenant, or take it away (R1, R3).
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the account is not attached here, else as [`TenantScope::authorize_grant`]
    /// for the role that it holds.
    pub fn authorize_change(&self, user: &User) -> Result<(), Denied> {
        self.authorize_grant(user.role_in(&self.tenant).ok_or(Denied::Hidden)?)
    }
}

/// What an [`AccountScope`] is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    View,
    /// To view past the policy, for this reason.
    System(&'static str),
    Change,
    OwnPassword(UserId),
}

/// One account, reached through whichever of the caller's tenants it is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountScope {
    coverage: Coverage,
    purpose: Purpose,
}

impl AccountScope {
    pub(crate) fn new(coverage: Coverage, purpose: Purpose) -> Self {
        Self { coverage, purpose }
    }

    /// A way round the policy, to see any account, for what Usher must know by itself.
    ///
    /// Give the reason, and log it; an architecture test counts the uses.
    pub fn system(reason: &'static str) -> Self {
        Self::new(Coverage::All, Purpose::System(reason))
    }

    /// Why this goes past the policy, if it does.
    pub fn bypass_reason(&self) -> Option<&'static str> {
        match self.purpose {
            Purpose::System(reason) => Some(reason),
            Purpose::View | Purpose::Change | Purpose::OwnPassword(_) => None,
        }
    }

    /// Whether the account may be known to the caller (R1): the token covers a tenant that the
    /// account is attached to, and the caller's role there, where it is known, allows a look.
    pub fn can_see(&self, user: &User) -> bool {
        matches!(self.coverage, Coverage::All) || self.tenants_of(user).next().is_some()
    }

    /// The tenant through which the account is shown: its home if that is covered, else the first
    /// by name; none if the caller covers everything and the account is attached to nothing.
    pub fn visible_tenant<'a>(&self, user: &'a User) -> Option<&'a TenantId> {
        self.tenants_of(user)
            .find(|tenant| user.home.as_ref() == Some(*tenant))
            .or_else(|| self.tenants_of(user).next())
    }

    /// Whether the caller may change what is the account's own, or delete it (R1, R2, R3).
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the account may not be known to the caller, else
    /// [`Denied::Refused`].
    pub fn authorize_change(&self, user: &User) -> Result<(), Denied> {
        if !self.can_see(user) {
            return Err(Denied::Hidden);
        }
        if self.purpose != Purpose::Change {
            return Err(Refusal::MissingPermission(Permission::ModifyUsersAndGroups).into());
        }
        self.authorize_home(user)?;
        self.authorize_rank(user)
    }

    /// Whether the caller may set the account's password: as any other change, or because it is
    /// the caller's own (R5).
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`]; [`Refusal::AccountBlocked`] for the own password of a
    /// blocked account.
    pub fn authorize_password(&self, user: &User) -> Result<(), Denied> {
        match &self.purpose {
            Purpose::OwnPassword(own) if *own == user.id => {
                if !self.can_see(user) {
                    Err(Denied::Hidden)
                } else if user.blocked {
                    Err(Refusal::AccountBlocked.into())
                } else {
                    Ok(())
                }
            }
            Purpose::View | Purpose::System(_) | Purpose::Change | Purpose::OwnPassword(_) => {
                self.authorize_change(user)
            }
        }
    }

    /// R2. An account without a home belongs to those who cover everything.
    fn authorize_home(&self, user: &User) -> Result<(), Denied> {
        let home = user.home.as_ref();
        match &self.coverage {
            Coverage::All => Ok(()),
            Coverage::Listed(tenants) if home.is_some_and(|home| tenants.contains(home)) => Ok(()),
            Coverage::Listed(_) => Err(Refusal::ManagedByAnotherTenant.into()),
            Coverage::Roles(roles) => match home.and_then(|home| roles.get(home)) {
                Some(role) if role.allows(Access::Write) => Ok(()),
                Some(_) => Err(Refusal::InsufficientRole.into()),
                None => Err(Refusal::ManagedByAnotherTenant.into()),
            },
        }
    }

    /// R3, in every tenant where the caller's own role is known: an account is one, so whoever
    /// changes it changes the holder of each of its roles.
    fn authorize_rank(&self, user: &User) -> Result<(), Denied> {
        let Coverage::Roles(roles) = &self.coverage else { return Ok(()) };
        let above = |(tenant, own): (&TenantId, &Role)| {
            user.role_in(tenant).is_some_and(|held| held.outranks(own))
        };
        if roles.iter().any(above) { Err(Refusal::RoleAboveOwn.into()) } else { Ok(()) }
    }

    /// The tenants through which the caller may know the account, by name.
    fn tenants_of<'a>(&self, user: &'a User) -> impl Iterator<Item = &'a TenantId> {
        user.memberships.keys().filter(|tenant| self.reaches(tenant))
    }

    fn reaches(&self, tenant: &TenantId) -> bool {
        match &self.coverage {
            Coverage::All => true,
            Coverage::Listed(tenants) => tenants.contains(tenant),
            Coverage::Roles(roles) => roles.get(tenant).is_some_and(|role| match self.purpose {
                Purpose::View | Purpose::System(_) => role.allows(Access::Read),
                Purpose::Change => role.allows(Access::Read) || role.allows(Access::Write),
                Purpose::OwnPassword(_) => true,
            }),
        }
    }
}

/// To see an account through this one tenant.
impl From<&TenantScope> for AccountScope {
    fn from(scope: &TenantScope) -> Self {
        Self::new(Coverage::Listed([scope.tenant.clone()].into()), Purpose::View)
    }
}
