//! The rules: which actor may do what to which user.
//!
//! | rule | where |
//! |---|---|
//! | R1 isolation | [`TenantScope::can_see`], [`AccountScope::can_see`] |
//! | R2 home authority | [`AccountScope::authorize_change`] |
//! | R3 role ceiling | [`TenantScope::authorize_grant`], [`TenantScope::authorize_change`], [`AccountScope::authorize_change`] |
//! | R4 protected roles | [`Decision`] |
//! | R5 own password | [`own_password_scope`], [`AccountScope::authorize_password`] |
//!
//! [`decide`] applies all of them to one action. A service that reads and writes in separate steps
//! takes a scope instead, and checks it again when it writes.
//!
//! The order of the checks is fixed: permission, tenant, caller's role, user (R1), R2, R3, R4.

use crate::account::{MembershipChange, User};
use crate::actor::{Actor, Coverage};
use crate::change::Decision;
use crate::id::{TenantId, UserId};
use crate::operation::Operation;
use crate::refusal::{ActionDenied, Denied, LastProtectedRoleHolder, Refusal};
use crate::role::{Access, Role};
use crate::scope::{AccountScope, Purpose, TenantScope};

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
/// the user itself, may be among them and do not count.
///
/// # Errors
/// [`ActionDenied`], with the first rule that the action violates.
///
/// # Examples
///
/// ```
/// use domain::policy::{Action, decide};
/// use domain::{Actor, LastProtectedRoleHolder, RoleCatalogue, User};
///
/// let roles = RoleCatalogue::standard();
/// let (owner, admin) = (roles.resolve("owner").unwrap(), roles.resolve("admin").unwrap());
/// let acme: domain::TenantId = "acme".parse()?;
/// let ada = User::builder("auth0|ada".parse()?, "ada@example.com".parse()?)
///     .membership(acme.clone(), owner.clone())
///     .build();
///
/// let verdict = decide(&Actor::operator(), Action::SetRole(&acme, admin), &ada, &[]);
/// assert_eq!(verdict, Err(LastProtectedRoleHolder.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide<'u>(
    actor: &Actor,
    action: Action<'_>,
    user: &User,
    others: impl IntoIterator<Item = &'u User>,
) -> Result<(), ActionDenied> {
    let writes = |tenant| tenant_scope(actor, Operation::WriteTenantUsers, Some(tenant));
    let modifies = || account_scope(actor, Operation::ModifyUsers);
    let visible = |can_see| if can_see { Ok(()) } else { Err(Denied::Hidden) };
    match action {
        Action::SeeIn(tenant) => {
            let scope = tenant_scope(actor, Operation::ReadTenantUsers, Some(tenant))?;
            visible(scope.can_see(user))?;
        }
        Action::See => visible(account_scope(actor, Operation::ViewUsers)?.can_see(user))?,
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
            own_password_scope(actor, &user.id)?.authorize_password(user)?;
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
) -> Result<TenantScope, Denied> {
    operation.check(&actor.permissions)?;
    let tenant = tenant.ok_or(Refusal::TenantNotCovered)?;
    let own_role = match &actor.coverage {
        Coverage::All => None,
        Coverage::Listed(tenants) if tenants.contains(tenant) => None,
        Coverage::Listed(_) => return Err(Refusal::TenantNotCovered.into()),
        Coverage::Roles(roles) => {
            let role = roles.get(tenant).ok_or(Refusal::TenantNotCovered)?;
            if !role.allows(operation.access()) {
                return Err(Refusal::InsufficientRole.into());
            }
            Some(role.clone())
        }
    };
    Ok(TenantScope::new(tenant.clone(), operation.access(), own_role))
}

/// Returns the scope of a call about one account, through any of the caller's tenants.
///
/// # Errors
/// Always [`Denied::Refused`]: by the permission, or by the caller's roles if none allows it.
pub fn account_scope(actor: &Actor, operation: Operation) -> Result<AccountScope, Denied> {
    operation.check(&actor.permissions)?;
    if let Coverage::Roles(roles) = &actor.coverage
        && !roles.values().any(|role| role.allows(operation.access()))
    {
        return Err(Refusal::InsufficientRole.into());
    }
    let purpose = match operation.access() {
        Access::Read => Purpose::View,
        Access::Write => Purpose::Change,
    };
    Ok(AccountScope::new(actor.coverage.clone(), purpose))
}

/// Returns the scope of a password change by proof of the current password (R5): without any
/// permission for the caller's own account, as for any other change otherwise.
///
/// # Errors
/// Those of [`account_scope`].
pub fn own_password_scope(actor: &Actor, user: &UserId) -> Result<AccountScope, Denied> {
    if actor.subject.as_ref() == Some(user) {
        Ok(AccountScope::new(actor.coverage.clone(), Purpose::OwnPassword(user.clone())))
    } else {
        account_scope(actor, Operation::ModifyUsers)
    }
}
