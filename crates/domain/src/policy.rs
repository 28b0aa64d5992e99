//! The rules: which actor may do what to which user.
//!
//! | rule | where |
//! |---|---|
//! | R1 isolation | [`TenantScope::can_see`], [`AccountScope::can_see`] |
//! | R2 home authority | [`AccountScope::authorize_change`] |
//! | R3 role ceiling | [`TenantScope::authorize_grant`], [`TenantScope::authorize_change`], [`AccountScope::authorize_change`] |
//! | R4 protected roles | [`Decision`] |
//! | R5 own account | [`own_account_scope`], [`own_password_scope`], [`AccountScope::owns`] |
//! | force of a membership | [`standing`](fn@crate::standing) |
//!
//! [`decide`] applies all of them to one action. A service that reads and writes in separate steps
//! takes a scope instead, and checks it again when it writes.
//!
//! The order of the checks is fixed: permission, tenant, caller's role, user (R1), R2, R3, R4.

use crate::account::{MembershipChange, User};
use crate::account_scope::{AccountScope, OwnAccount, Purpose};
use crate::actor::{Actor, Coverage};
use crate::change::Decision;
use crate::context::PolicyContext;
use crate::id::{TenantId, UserId};
use crate::operation::Operation;
use crate::refusal::{ActionDenied, Denied, LastProtectedRoleHolder, Refusal};
use crate::role::{Access, Role};
use crate::tenant_scope::{Authority, TenantScope};

/// An action of an actor on one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// See the user as a member of the tenant.
    SeeIn(&'a TenantId),
    /// See the account, through any tenant.
    See,
    /// Change the display name that the tenant sees.
    Rename(&'a TenantId),
    /// Change the role in the tenant to this one.
    SetRole(&'a TenantId, &'a Role),
    /// Remove the membership in the tenant.
    Detach(&'a TenantId),
    /// Change the account's e-mail address and names.
    ChangeAccount,
    /// Set the account's password.
    SetPassword,
    /// Change the account's password by proof of the current one.
    ChangePassword,
    /// Delete the account.
    Delete,
}

/// Decides by every rule whether the actor may do this to the user.
///
/// `others` are the other users of the tenants concerned, of whom one must keep each protected role
/// that the action takes from the user (R4). Only [`Action::SetRole`], [`Action::Detach`] and
/// [`Action::Delete`] of a holder of a protected role depend on them. Users of other tenants, and
/// the user itself, may be among them and do not count. Only active memberships count, as they
/// stand at the moment of the context.
///
/// # Errors
/// [`ActionDenied`], with the first rule that the action violates.
///
/// # Examples
///
/// ```
/// use domain::policy::{Action, decide};
/// use domain::{Actor, LastProtectedRoleHolder, PolicyContext, RoleCatalogue, Timestamp, User};
///
/// let roles = RoleCatalogue::standard();
/// let (owner, admin) = (roles.resolve("owner").unwrap(), roles.resolve("admin").unwrap());
/// let acme: domain::TenantId = "acme".parse()?;
/// let ada = User::builder("auth0|ada".parse()?, "ada@example.com".parse()?)
///     .membership(acme.clone(), owner.clone())
///     .build();
///
/// let context = PolicyContext::at(Timestamp::UNIX_EPOCH);
/// let verdict = decide(&Actor::operator(), Action::SetRole(&acme, admin), &ada, &[], &context);
/// assert_eq!(verdict, Err(LastProtectedRoleHolder { tenant: acme.clone() }.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide<'u>(
    actor: &Actor,
    action: Action<'_>,
    user: &User,
    others: impl IntoIterator<Item = &'u User>,
    context: &PolicyContext,
) -> Result<(), ActionDenied> {
    let writes = |tenant| tenant_scope(actor, Operation::WriteTenantUsers, Some(tenant), context);
    let modifies = || account_scope(actor, Operation::ModifyUsers, context);
    let visible = |can_see| if can_see { Ok(()) } else { Err(Denied::Hidden) };
    match action {
        Action::SeeIn(tenant) => {
            let scope = tenant_scope(actor, Operation::ReadTenantUsers, Some(tenant), context)?;
            visible(scope.can_see(user))?;
        }
        Action::See => visible(account_scope(actor, Operation::ViewUsers, context)?.can_see(user))?,
        Action::Rename(tenant) => {
            let decision = writes(tenant)?.authorize_change(user, &MembershipChange::default())?;
            complete(decision, others)?;
        }
        Action::SetRole(tenant, role) => {
            let change = MembershipChange { role: Some(role.clone()), name: None };
            complete(writes(tenant)?.authorize_change(user, &change)?, others)?;
        }
        Action::Detach(tenant) => {
            complete(writes(tenant)?.authorize_detach(user)?, others)?;
        }
        Action::ChangeAccount => modifies()?.authorize_change(user)?,
        Action::SetPassword => modifies()?.authorize_password(user)?,
        Action::ChangePassword => {
            own_password_scope(actor, &user.id, context)?.authorize_password(user)?;
        }
        Action::Delete => {
            complete(modifies()?.authorize_deletion(user)?, others)?;
        }
    }
    Ok(())
}

/// Completes a decision with users that are collected only if a role is at risk.
fn complete<'u, C>(
    decision: Decision<C>,
    others: impl IntoIterator<Item = &'u User>,
) -> Result<C, LastProtectedRoleHolder> {
    let Decision::Pending(_) = &decision else { return decision.complete(|_| []) };
    let others: Vec<&User> = others.into_iter().collect();
    decision.complete(|_| others.iter().copied())
}

/// Returns the scope of a call about the users of one tenant.
///
/// `tenant` is `None` where the caller's text is no tenant id; no token covers such a tenant.
///
/// # Errors
/// Always [`Denied::Refused`]: by the permission, then by the tenant, then by the caller's role.
pub fn tenant_scope(
    actor: &Actor,
    operation: Operation,
    tenant: Option<&TenantId>,
    context: &PolicyContext,
) -> Result<TenantScope, Denied> {
    operation.check(&actor.permissions)?;
    let tenant = tenant.ok_or(Refusal::TenantNotCovered)?;
    let access = operation.access();
    let authority = Authority::Access(access, actor.coverage.role_in(tenant, access)?);
    let is_operator = actor.coverage == Coverage::All;
    let caller = actor.resolved_from().cloned();
    Ok(TenantScope::new(tenant.clone(), authority, *context, is_operator, caller))
}

/// Returns the scope of a call about one account, through any of the caller's tenants.
///
/// # Errors
/// Always [`Denied::Refused`]: by the permission, or by the caller's roles if none allows it.
pub fn account_scope(
    actor: &Actor,
    operation: Operation,
    context: &PolicyContext,
) -> Result<AccountScope, Denied> {
    operation.check(&actor.permissions)?;
    actor.coverage.check_any_role(operation.access())?;
    let purpose = match operation.access() {
        Access::Read => Purpose::View,
        Access::Write => Purpose::Change,
    };
    Ok(account_scope_for(actor, purpose, context))
}

/// Returns the scope of a call that only operators may make, about one account.
///
/// # Errors
/// Always [`Denied::Refused`]: by the permission, or because the caller does not cover every tenant.
pub fn operator_scope(actor: &Actor, context: &PolicyContext) -> Result<AccountScope, Denied> {
    Operation::ModifyUsers.check(&actor.permissions)?;
    if actor.coverage != Coverage::All {
        return Err(Refusal::OperatorsOnly.into());
    }
    account_scope(actor, Operation::ModifyUsers, context)
}

/// Returns the scope of removing every membership and home of a tenant, as only operators may.
///
/// `tenant` is `None` where the caller's text is no tenant id.
///
/// # Errors
/// Those of [`operator_scope`].
pub fn release_scope(
    actor: &Actor,
    tenant: Option<&TenantId>,
    context: &PolicyContext,
) -> Result<TenantScope, Denied> {
    operator_scope(actor, context)?;
    let tenant = tenant.ok_or(Refusal::TenantNotCovered)?;
    Ok(TenantScope::new(tenant.clone(), Authority::Release, *context, true, None))
}

/// Returns the scope of acting on the caller's own account (R5), without any permission.
///
/// Whether the account is the caller's own depends on the account:
/// [`AccountScope::owns`](crate::AccountScope::owns).
///
/// # Errors
/// [`Refusal::SubjectNotAnAccount`] if the subject cannot be one.
pub fn own_account_scope(actor: &Actor, context: &PolicyContext) -> Result<AccountScope, Denied> {
    let own = actor.account().ok_or(Refusal::SubjectNotAnAccount)?;
    Ok(account_scope_for(actor, own_purpose(actor, own), context))
}

/// Returns the scope of ending the caller's own membership in the tenant (R5), given the scope of
/// [`own_account_scope`].
///
/// # Errors
/// [`Refusal::SubjectNotAnAccount`] if the account is not the caller's own; [`Denied::Hidden`] if
/// there is no such membership, or the issuer is not of that tenant.
pub fn leave_scope(
    own: &AccountScope,
    user: &User,
    tenant: &TenantId,
) -> Result<TenantScope, Denied> {
    if !own.owns(user) {
        return Err(Refusal::SubjectNotAnAccount.into());
    }
    if !own.may_leave(tenant) || !user.memberships.contains_key(tenant) {
        return Err(Denied::Hidden);
    }
    let authority = Authority::Leave(user.id.clone());
    Ok(TenantScope::new(tenant.clone(), authority, *own.context(), false, None))
}

/// Returns the scope of a password change by proof of the current password (R5): without any
/// permission for the caller's own account, as for any other change otherwise.
///
/// # Errors
/// Those of [`account_scope`].
pub fn own_password_scope(
    actor: &Actor,
    user: &UserId,
    context: &PolicyContext,
) -> Result<AccountScope, Denied> {
    match actor.account() {
        Some(own) if own == user => Ok(account_scope_for(actor, own_purpose(actor, own), context)),
        Some(_) | None => account_scope(actor, Operation::ModifyUsers, context),
    }
}

fn own_purpose(actor: &Actor, own: &UserId) -> Purpose {
    let operation = Operation::ModifyUsers;
    Purpose::Own(OwnAccount {
        id: own.clone(),
        kind: actor.subject_kind,
        may_modify: operation.check(&actor.permissions).is_ok()
            && actor.coverage.check_any_role(operation.access()).is_ok(),
    })
}

fn account_scope_for(actor: &Actor, purpose: Purpose, context: &PolicyContext) -> AccountScope {
    let caller = actor.resolved_from().cloned();
    AccountScope::new(actor.coverage.clone(), purpose, *context, caller)
}
