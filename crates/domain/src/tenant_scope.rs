//! Permission to act on the users of one tenant.

use std::borrow::Cow;
use std::sync::Arc;

use crate::account::{MembershipChange, User};
use crate::actor::CallerAccount;
use crate::change::{AuthorizedChange, AuthorizedDetachment, Decision};
use crate::context::PolicyContext;
use crate::id::{TenantId, UserId};
use crate::permission::Permission;
use crate::refusal::{Denied, Refusal};
use crate::role::{Access, Role};
use crate::standing::Standing;
use crate::timestamp::Timestamp;
use crate::view::{UserRef, UserView};

/// Permission to see or to change the users of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
    authority: Authority,
    context: PolicyContext,
    /// Whether the caller covers every tenant.
    is_operator: bool,
    /// The account whose membership gives the caller its role.
    caller: Option<CallerAccount>,
}

/// What a [`TenantScope`] is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// To see users, or to change them up to the caller's own role where it is known.
    Access(Access, Option<Role>),
    /// To end the caller's own membership.
    Leave(UserId),
    /// To end every membership and home before the label gets another owner.
    Release,
}

/// What attaching an account does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachStep {
    /// It adds a membership.
    Add,
    /// It confirms the pending membership.
    Confirm,
    /// Nothing: there is a membership that is not pending.
    AlreadyAttached,
}

/// More than one account has an address, and none of them is to be preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than one account has the e-mail address")]
pub struct AmbiguousAccount;

impl TenantScope {
    pub(crate) fn new(
        tenant: TenantId,
        authority: Authority,
        context: PolicyContext,
        is_operator: bool,
        caller: Option<CallerAccount>,
    ) -> Self {
        Self { tenant, authority, context, is_operator, caller }
    }

    /// Returns the tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Returns the moment and the rules by which the scope decides.
    pub fn context(&self) -> &PolicyContext {
        &self.context
    }

    /// Whether the caller is an operator, who covers every tenant.
    pub fn is_operator(&self) -> bool {
        self.is_operator
    }

    /// Returns the account whose membership gives the caller its role, to be read again in the step
    /// that changes, for [`TenantScope::renew`].
    pub fn caller_account(&self) -> Option<&UserId> {
        self.caller.as_ref().map(|caller| &caller.id)
    }

    /// Returns the scope with the caller's present role. Call it in the step that changes: the
    /// caller may have lost the role since the scope was made.
    ///
    /// `caller` is the account of [`TenantScope::caller_account`] as it is now.
    ///
    /// # Errors
    /// Those of [`policy::tenant_scope`](crate::policy::tenant_scope).
    pub fn renew(&self, caller: Option<&User>, now: Timestamp) -> Result<Self, Denied> {
        let context = PolicyContext { now, ..self.context };
        let authority = match (&self.authority, &self.caller) {
            (Authority::Access(access, _), Some(account)) => {
                let coverage = account.coverage(caller, &context);
                let own_role = coverage.role_in(&self.tenant, *access)?;
                Authority::Access(*access, own_role)
            }
            (unchanged, _) => unchanged.clone(),
        };
        Ok(Self { authority, context, ..self.clone() })
    }

    /// Whether the account is attached to the tenant (R1).
    pub fn can_see(&self, user: &User) -> bool {
        user.memberships.contains_key(&self.tenant)
    }

    /// Returns the user as the tenant sees it; `None` if the account is not attached to it.
    pub fn view<'a>(&'a self, user: &'a User) -> Option<UserView<'a>> {
        UserView::through(Cow::Borrowed(&self.tenant), UserRef::Borrowed(user), &self.context)
    }

    /// As [`TenantScope::view`], of a user that is given away.
    pub fn into_view(&self, user: impl Into<Arc<User>>) -> Option<UserView<'static>> {
        let user = UserRef::Shared(user.into());
        UserView::through(Cow::Owned(self.tenant.clone()), user, &self.context)
    }

    /// As [`TenantScope::view`], of a user that is shared, which costs no copy of it.
    pub fn shared_view<'a>(&'a self, user: &Arc<User>) -> Option<UserView<'a>> {
        let user = UserRef::Shared(Arc::clone(user));
        UserView::through(Cow::Borrowed(&self.tenant), user, &self.context)
    }

    /// Checks that the caller may give this role to an account that is not yet attached (R3).
    ///
    /// # Errors
    /// [`Denied::Refused`] if the scope is not for changes, or if the role is above the caller's
    /// own.
    pub fn authorize_grant(&self, role: &Role) -> Result<(), Denied> {
        match self.own_role_for_changes()? {
            Some(own) if role.outranks(own) => Err(Refusal::RoleAboveOwn.into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that the caller may attach the account with this role (R3), and returns what that
    /// does.
    ///
    /// # Errors
    /// Those of [`TenantScope::authorize_grant`].
    pub fn authorize_attach(&self, user: &User, role: &Role) -> Result<AttachStep, Denied> {
        self.authorize_grant(role)?;
        Ok(match user.standing_in(&self.tenant, &self.context) {
            None => AttachStep::Add,
            Some(Standing::Pending) => AttachStep::Confirm,
            Some(Standing::Active | Standing::Suspended | Standing::Expired) => {
                AttachStep::AlreadyAttached
            }
        })
    }

    /// Returns the account to attach, of those that have the address: the only one; of several, the
    /// one that is provably the person's own; else the only one of allowed connections.
    ///
    /// # Errors
    /// [`AmbiguousAccount`].
    pub fn account_to_attach<'u>(
        &self,
        accounts: &'u [User],
    ) -> Result<Option<&'u User>, AmbiguousAccount> {
        if let [] | [_] = accounts {
            return Ok(accounts.first());
        }
        let only = |matches: fn(&User) -> bool| {
            let mut found = accounts.iter().filter(|account| matches(account));
            found.next().filter(|_| found.next().is_none())
        };
        only(|account| account.credentials.are_proven())
            .or_else(|| only(|account| account.credentials.connections_allowed))
            .map(Some)
            .ok_or(AmbiguousAccount)
    }

    /// Whether a password that the caller gives to a new account leaves a credential stamp.
    pub fn leaves_stamp(&self) -> bool {
        !self.is_operator
    }

    /// Checks that the caller may change the user's role and display name in the tenant (R1, R3
    /// for the role held and the new one), and returns a decision that depends on R4 alone.
    ///
    /// # Errors
    /// [`Denied::Hidden`] if the account is not attached here; [`Denied::Refused`] if the scope is
    /// not for changes, or if one of the two roles is above the caller's own.
    pub fn authorize_change(
        &self,
        user: &User,
        change: &MembershipChange,
    ) -> Result<Decision<AuthorizedChange>, Denied> {
        self.authorize_held_role(user)?;
        change.role.as_ref().map_or(Ok(()), |role| self.authorize_grant(role))?;
        Ok(AuthorizedChange::decide(user, &self.tenant, change, &self.context))
    }

    /// Checks that the caller may detach the user from the tenant (R1, R3, or because it is the
    /// caller's own account), and returns a decision that depends on R4 alone.
    ///
    /// # Errors
    /// Those of [`TenantScope::authorize_change`].
    pub fn authorize_detach(&self, user: &User) -> Result<Decision<AuthorizedDetachment>, Denied> {
        match &self.authority {
            Authority::Leave(own) if *own == user.id && self.can_see(user) => {
                if user.blocked {
                    return Err(Refusal::AccountBlocked.into());
                }
            }
            Authority::Leave(_) => return Err(Denied::Hidden),
            Authority::Access(..) | Authority::Release => self.authorize_held_role(user)?,
        }
        Ok(AuthorizedDetachment::decide(user, &self.tenant, &self.context))
    }

    /// Checks that the caller may have the directory send the user the mails that are missing for
    /// a membership with force (R1, R3): to an account at home or pending here.
    ///
    /// # Errors
    /// Those of [`TenantScope::authorize_change`]; [`Refusal::ManagedByAnotherTenant`] for an
    /// account of another home that needs no more proof.
    pub fn authorize_invitation(&self, user: &User) -> Result<(), Denied> {
        self.authorize_held_role(user)?;
        let is_home = user.home.as_ref() == Some(&self.tenant);
        if is_home || user.standing_in(&self.tenant, &self.context) == Some(Standing::Pending) {
            Ok(())
        } else {
            Err(Refusal::ManagedByAnotherTenant.into())
        }
    }

    /// Checks that the caller may remove every membership and home of the tenant.
    ///
    /// # Errors
    /// [`Denied::Refused`] if the scope is for something else.
    pub fn authorize_release(&self) -> Result<(), Denied> {
        match self.authority {
            Authority::Release => Ok(()),
            Authority::Access(..) | Authority::Leave(_) => Err(Refusal::OperatorsOnly.into()),
        }
    }

    /// R3 for the role held, which counts only while the membership is active.
    fn authorize_held_role(&self, user: &User) -> Result<(), Denied> {
        let own = self.own_role_for_changes()?;
        if !self.can_see(user) {
            return Err(Denied::Hidden);
        }
        match (own, user.active_role_in(&self.tenant, &self.context)) {
            (Some(own), Some(held)) if held.outranks(own) => Err(Refusal::RoleAboveOwn.into()),
            _ => Ok(()),
        }
    }

    /// Returns the caller's own role, if it is known.
    fn own_role_for_changes(&self) -> Result<Option<&Role>, Denied> {
        match &self.authority {
            Authority::Access(Access::Write, own) => Ok(own.as_ref()),
            Authority::Access(Access::Read, _) | Authority::Leave(_) | Authority::Release => {
                Err(Refusal::MissingPermission(Permission::TenantAccessWrite).into())
            }
        }
    }
}
