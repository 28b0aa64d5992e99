//! Authorized changes: proof that every rule allows a change to a membership or a deletion.
//!
//! A change is decided in two steps. The scope checks the rules about the caller (R1 to R3) and
//! answers with a [`Decision`]. If the change takes a protected role from the user, the decision is
//! [`Decision::Pending`] until another holder of the role is shown (R4). Only a decision makes an
//! [`AuthorizedChange`], [`AuthorizedDetachment`] or [`AuthorizedDeletion`], so that a change made
//! through one of them cannot have skipped a rule.

use std::borrow::Cow;

use crate::account::{MembershipChange, User};
use crate::context::PolicyContext;
use crate::id::{TenantId, UserId};
use crate::refusal::LastProtectedRoleHolder;
use crate::role::Role;
use crate::view::{UserRef, UserView};

/// The outcome of the rules about the caller (R1 to R3): authorized, or pending on R4.
///
/// `C` is the proof that a completed decision gives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision authorizes nothing until it is completed"]
pub enum Decision<C> {
    /// Every rule allows the change.
    Authorized(C),
    /// The change takes a protected role from the user; another holder must be shown.
    Pending(PendingChange<C>),
}

/// A change that R4 allows only if another user keeps holding a protected role.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a pending change authorizes nothing"]
pub struct PendingChange<C> {
    at_risk: RoleAtRisk,
    /// The roles to be checked after this one, the next one last.
    rest: Vec<RoleAtRisk>,
    change: C,
}

/// A protected role that a user would lose by a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAtRisk {
    user: UserId,
    tenant: TenantId,
    role: Role,
    context: PolicyContext,
}

impl RoleAtRisk {
    /// Returns the role that the user holds in the tenant, if it is protected, the user counts as
    /// a holder, and `new_role` (`None`: no membership) is less powerful.
    ///
    /// Only an active membership without an end date counts, and not that of a blocked user. A
    /// change to a more powerful role is no demotion.
    fn find(
        user: &User,
        tenant: &TenantId,
        new_role: Option<&Role>,
        context: &PolicyContext,
    ) -> Option<Self> {
        user.lasting_role_in(tenant, context)
            .filter(|held| held.is_protected())
            .filter(|held| new_role.is_none_or(|new| held.outranks(new)))
            .map(|role| Self {
                user: user.id.clone(),
                tenant: tenant.clone(),
                role: role.clone(),
                context: *context,
            })
    }

    /// Returns the tenant that must keep a holder.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Returns the protected role.
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Returns the context in which a user counts as a holder.
    pub fn context(&self) -> &PolicyContext {
        &self.context
    }

    /// Whether this is another user who holds the role in the tenant by an active membership
    /// without an end date, and is not blocked.
    pub fn is_held_by(&self, other: &User) -> bool {
        let role = other.lasting_role_in(&self.tenant, &self.context);
        other.id != self.user && role == Some(&self.role)
    }
}

impl<C> Decision<C> {
    fn new(change: C, at_risk: impl IntoIterator<Item = RoleAtRisk>) -> Self {
        let mut at_risk: Vec<_> = at_risk.into_iter().collect();
        at_risk.reverse();
        Self::next(change, at_risk)
    }

    fn next(change: C, mut at_risk: Vec<RoleAtRisk>) -> Self {
        match at_risk.pop() {
            None => Self::Authorized(change),
            Some(last) => Self::Pending(PendingChange { at_risk: last, rest: at_risk, change }),
        }
    }

    /// Completes the decision with the other users of each tenant at risk.
    ///
    /// `others` is called once for each protected role at risk, and not at all if there is none.
    /// A store whose lookups are asynchronous matches on [`Decision::Pending`] instead.
    ///
    /// # Errors
    /// [`LastProtectedRoleHolder`] if a role has no other holder.
    pub fn complete<'u, I>(
        self,
        mut others: impl FnMut(&RoleAtRisk) -> I,
    ) -> Result<C, LastProtectedRoleHolder>
    where
        I: IntoIterator<Item = &'u User>,
    {
        let mut decision = self;
        loop {
            match decision {
                Self::Authorized(change) => return Ok(change),
                Self::Pending(pending) => {
                    let users = others(pending.role_at_risk());
                    decision = pending.resolve(users)?;
                }
            }
        }
    }
}

impl<C> PendingChange<C> {
    /// Returns the protected role for which another holder must be shown next.
    pub fn role_at_risk(&self) -> &RoleAtRisk {
        &self.at_risk
    }

    /// Checks that one of the users holds the role at risk, and returns the decision that follows.
    ///
    /// # Errors
    /// [`LastProtectedRoleHolder`] if none of them does.
    pub fn resolve<'u>(
        self,
        others: impl IntoIterator<Item = &'u User>,
    ) -> Result<Decision<C>, LastProtectedRoleHolder> {
        if others.into_iter().any(|other| self.at_risk.is_held_by(other)) {
            Ok(Decision::next(self.change, self.rest))
        } else {
            Err(LastProtectedRoleHolder { tenant: self.at_risk.tenant })
        }
    }
}

/// Proof that every rule allows a [`MembershipChange`] to one user in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedChange {
    user: UserId,
    tenant: TenantId,
    change: MembershipChange,
}

impl AuthorizedChange {
    pub(crate) fn decide(
        user: &User,
        tenant: &TenantId,
        change: &MembershipChange,
        context: &PolicyContext,
    ) -> Decision<Self> {
        let new_role = change.role.as_ref();
        let at_risk = new_role.and_then(|role| RoleAtRisk::find(user, tenant, Some(role), context));
        // A name that is shown already is no change, whoever owns it.
        let view = UserView::through(Cow::Borrowed(tenant), UserRef::Borrowed(user), context);
        let shown = view.as_ref().and_then(|view| view.name_in(tenant));
        let name = change.name.as_ref().filter(|name| Some(*name) != shown).cloned();
        let change = MembershipChange { name, ..change.clone() };
        let (user, tenant) = (user.id.clone(), tenant.clone());
        Decision::new(Self { user, tenant, change }, at_risk)
    }

    /// Returns the change, without a name that is shown already.
    pub fn change(&self) -> &MembershipChange {
        &self.change
    }

    /// Makes the change to the user it was authorized for; any other user stays as it is.
    pub fn apply(&self, user: &mut User) {
        if user.id != self.user {
            return;
        }
        if let (Some(role), Some(membership)) =
            (&self.change.role, user.memberships.get_mut(&self.tenant))
        {
            membership.role = role.clone();
        }
        if let Some(name) = &self.change.name {
            user.rename_in(&self.tenant, name.clone());
        }
    }
}

/// Proof that every rule allows detaching one user from one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedDetachment {
    user: UserId,
    tenant: TenantId,
}

impl AuthorizedDetachment {
    pub(crate) fn decide(
        user: &User,
        tenant: &TenantId,
        context: &PolicyContext,
    ) -> Decision<Self> {
        let at_risk = RoleAtRisk::find(user, tenant, None, context);
        Decision::new(Self { user: user.id.clone(), tenant: tenant.clone() }, at_risk)
    }

    /// Returns the tenant that the user is detached from.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Removes the membership of the user it was authorized for; any other user stays as it is.
    pub fn apply(&self, user: &mut User) {
        if user.id == self.user {
            user.memberships.remove(&self.tenant);
        }
    }
}

/// Proof that every rule allows deleting one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedDeletion {
    user: UserId,
}

impl AuthorizedDeletion {
    /// `is_held` tells of a tenant whether its R4 holds for the deletion.
    pub(crate) fn decide(
        user: &User,
        is_held: impl Fn(&TenantId) -> bool,
        context: &PolicyContext,
    ) -> Decision<Self> {
        let tenants = user.memberships.keys().filter(|tenant| is_held(tenant));
        let at_risk = tenants.filter_map(|tenant| RoleAtRisk::find(user, tenant, None, context));
        Decision::new(Self { user: user.id.clone() }, at_risk)
    }

    /// Returns the account to delete.
    pub fn user(&self) -> &UserId {
        &self.user
    }
}
