//! Scopes: proof that the policy allows a call, and what it allows the call to do.
//!
//! Only [`crate::policy`] makes them, and every port method that touches tenant data takes one, so
//! that forgetting the check does not compile.
//! A scope keeps what it needs to check the rules again on the newest state of an account. Adapters
//! do that in the same step as the change, since the account may have changed since the caller read
//! it.

use crate::account::{MembershipChange, User};
use crate::actor::Coverage;
use crate::change::{AuthorizedChange, AuthorizedDeletion, AuthorizedDetachment, Decision};
use crate::id::{TenantId, UserId};
use crate::permission::Permission;
use crate::refusal::{Denied, Refusal};
use crate::role::{Access, Role};

/// Permission to see or to change the users of one tenant.
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

    /// Returns the tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whether the account is attached to the tenant (R1).
    pub fn can_see(&self, user: &User) -> bool {
        user.memberships.contains_key(&self.tenant)
    }

    /// Checks that the caller may give this role to an account that is not yet attached (R3).
    ///
    /// # Errors
    /// [`Denied::Refused`] if the scope is for reading, or if the role is above the caller's own.
    pub fn authorize_grant(&self, role: &Role) -> Result<(), Denied> {
        if self.access != Access::Write {
            return Err(Refusal::MissingPermission(Permission::TenantAccessWrite).into());
        }
        match &self.own_role {
            Some(own) if role.outranks(own) => Err(Refusal::RoleAboveOwn.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that the caller may change the user's role and display name in the tenant (R1, R3
    /// for the role held and the new one), and returns a decision that depends on R4 alone.
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the account is not attached here; [`Denied::Refused`] if the scope is
    /// for reading, or if one of the two roles is above the caller's own.
    pub fn authorize_change(
        &self,
        user: &User,
        change: &MembershipChange,
    ) -> Result<Decision<AuthorizedChange>, Denied> {
        self.authorize_held_role(user)?;
        change.role.as_ref().map_or(Ok(()), |role| self.authorize_grant(role))?;
        Ok(AuthorizedChange::decide(user, &self.tenant, change))
    }

    /// Checks that the caller may detach the user from the tenant (R1, R3), and returns a decision
    /// that depends on R4 alone.
    ///
    /// # Errors
    /// Those of [`TenantScope::authorize_change`].
    pub fn authorize_detach(&self, user: &User) -> Result<Decision<AuthorizedDetachment>, Denied> {
        self.authorize_held_role(user)?;
        Ok(AuthorizedDetachment::decide(user, &self.tenant))
    }

    fn authorize_held_role(&self, user: &User) -> Result<(), Denied> {
        self.authorize_grant(user.role_in(&self.tenant).ok_or(Denied::Hidden)?)
    }
}

/// What an [`AccountScope`] is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    View,
    /// To read any account without a caller, for this reason.
    #[cfg(feature = "system-scope")]
    System(&'static str),
    Change,
    OwnPassword(UserId),
}

/// Permission to see or to change single accounts, through any of the caller's tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountScope {
    coverage: Coverage,
    purpose: Purpose,
}

impl AccountScope {
    pub(crate) fn new(coverage: Coverage, purpose: Purpose) -> Self {
        Self { coverage, purpose }
    }

    /// Returns a scope that bypasses the policy and sees any account, for lookups by Usher itself.
    ///
    /// State the reason and log it; an architecture test counts the uses. Behind the feature
    /// `system-scope`.
    #[cfg(feature = "system-scope")]
    pub fn system(reason: &'static str) -> Self {
        Self::new(Coverage::All, Purpose::System(reason))
    }

    /// Returns why the scope bypasses the policy, if it does.
    #[cfg(feature = "system-scope")]
    pub fn bypass_reason(&self) -> Option<&'static str> {
        match self.purpose {
            Purpose::System(reason) => Some(reason),
            Purpose::View | Purpose::Change | Purpose::OwnPassword(_) => None,
        }
    }

    /// Whether the caller may know that the account exists (R1): the token covers a tenant that the
    /// account is attached to, and the caller's role there, where it is known, allows access.
    pub fn can_see(&self, user: &User) -> bool {
        matches!(self.coverage, Coverage::All) || self.visible_tenants(user).next().is_some()
    }

    /// Returns the tenant through which the account is shown: its home if that is covered, else
    /// the first by name; none if the caller covers everything and the account has no membership.
    pub fn visible_tenant<'a>(&self, user: &'a User) -> Option<&'a TenantId> {
        self.visible_tenants(user)
            .find(|tenant| user.home.as_ref() == Some(*tenant))
            .or_else(|| self.visible_tenants(user).next())
    }

    /// Checks that the caller may change the account's own e-mail address and names (R1, R2, R3).
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the caller may not know that the account exists, else
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

    /// Checks that the caller may delete the account (R1, R2, R3), and returns a decision that
    /// depends on R4 alone, in each of the account's tenants.
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`].
    pub fn authorize_deletion(&self, user: &User) -> Result<Decision<AuthorizedDeletion>, Denied> {
        self.authorize_change(user)?;
        Ok(AuthorizedDeletion::decide(user))
    }

    /// Checks that the caller may set the account's password: as any other change, or because the
    /// account is the caller's own (R5).
    ///
    /// # Errors
    /// Those of [`AccountScope::authorize_change`]; [`Refusal::AccountBlocked`] for the caller's
    /// own account if it is blocked.
    pub fn authorize_password(&self, user: &User) -> Result<(), Denied> {
        let Purpose::OwnPassword(own) = &self.purpose else { return self.authorize_change(user) };
        if *own != user.id {
            self.authorize_change(user)
        } else if !self.can_see(user) {
            Err(Denied::Hidden)
        } else if user.blocked {
            Err(Refusal::AccountBlocked.into())
        } else {
            Ok(())
        }
    }

    /// R2. An account without a home belongs to callers who cover every tenant.
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

    /// R3 in every tenant where the caller's own role is known: a change to the account changes
    /// the holder of each of its roles.
    fn authorize_rank(&self, user: &User) -> Result<(), Denied> {
        let Coverage::Roles(roles) = &self.coverage else { return Ok(()) };
        let above = |(tenant, own): (&TenantId, &Role)| {
            user.role_in(tenant).is_some_and(|held| held.outranks(own))
        };
        if roles.iter().any(above) { Err(Refusal::RoleAboveOwn.into()) } else { Ok(()) }
    }

    /// The tenants through which the caller may know the account, by name.
    fn visible_tenants<'a>(&self, user: &'a User) -> impl Iterator<Item = &'a TenantId> {
        user.memberships.keys().filter(|tenant| self.reaches(tenant))
    }

    fn reaches(&self, tenant: &TenantId) -> bool {
        match &self.coverage {
            Coverage::All => true,
            Coverage::Listed(tenants) => tenants.contains(tenant),
            Coverage::Roles(roles) => roles.get(tenant).is_some_and(|role| match self.purpose {
                Purpose::View => role.allows(Access::Read),
                #[cfg(feature = "system-scope")]
                Purpose::System(_) => role.allows(Access::Read),
                Purpose::Change => role.allows(Access::Read) || role.allows(Access::Write),
                Purpose::OwnPassword(_) => true,
            }),
        }
    }
}

/// Narrows the scope to reading accounts through its one tenant.
impl From<&TenantScope> for AccountScope {
    fn from(scope: &TenantScope) -> Self {
        Self::new(Coverage::Listed([scope.tenant.clone()].into()), Purpose::View)
    }
}
