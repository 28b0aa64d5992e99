//! The rules: who may do what to whom.
//!
//! | rule | where |
//! |---|---|
//! | R1 isolation | [`TenantScope::can_see`], [`AccountScope::can_see`] |
//! | R2 home authority | [`AccountScope::authorize_change`] |
//! | R3 role ceiling | [`TenantScope::authorize_grant`], [`TenantScope::authorize_change`], [`AccountScope::authorize_change`] |
//! | R4 protected roles | [`protected_role_lost`], [`ensure_other_holder`] |
//! | R5 own password | [`own_password_scope`], [`AccountScope::authorize_password`] |
//!
//! A check answers in a fixed order: permission, tenant, user (R1), R2, R3, R4.

use thiserror::Error;

use crate::account::User;
use crate::actor::{Actor, Coverage, Permission, Permissions};
use crate::id::{TenantId, UserId};
use crate::role::{Access, Role};
use crate::scope::{AccountScope, Purpose, TenantScope};

/// A refusal, of one of two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The caller may not even know that the thing exists.
    #[error("hidden from the caller")]
    Hidden,
    /// The caller may know that the thing exists, but may not do this to it.
    #[error("refused: {0}")]
    Refused(Refusal),
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The token lacks a permission; this one would do.
    #[error("the token lacks the permission {}", .0.as_str())]
    MissingPermission(Permission),
    /// The token does not cover the tenant.
    #[error("the token does not cover the tenant")]
    TenantNotCovered,
    /// The caller's own role in the tenant does not allow it.
    #[error("the caller's role does not allow it")]
    InsufficientRole,
    /// The account is at home in another tenant, or nowhere (R2).
    #[error("the account is managed by another tenant")]
    ManagedByAnotherTenant,
    /// The role in question stands above the caller's own (R3).
    #[error("the role stands above the caller's own")]
    RoleAboveOwn,
    /// The account is blocked, and so acts nowhere.
    #[error("the account is blocked")]
    AccountBlocked,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a call needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// See the users of a tenant, by contract A.
    ReadTenantUsers,
    /// Change the users of a tenant, by contract A.
    WriteTenantUsers,
    /// See users, by contract B.
    ViewUsers,
    /// Change users, by contract B.
    ModifyUsers,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 4] =
        [Self::ReadTenantUsers, Self::WriteTenantUsers, Self::ViewUsers, Self::ModifyUsers];

    /// The permissions of which the token must carry one.
    pub fn permissions(self) -> &'static [Permission] {
        match self {
            Self::ReadTenantUsers => &[Permission::TenantAccessRead],
            Self::WriteTenantUsers => &[Permission::TenantAccessWrite],
            Self::ViewUsers => &[Permission::ViewUsersAndGroups, Permission::ModifyUsersAndGroups],
            Self::ModifyUsers => &[Permission::ModifyUsersAndGroups],
        }
    }

    /// What the caller's own role, where it is known, must allow.
    pub fn access(self) -> Access {
        match self {
            Self::ReadTenantUsers | Self::ViewUsers => Access::Read,
            Self::WriteTenantUsers | Self::ModifyUsers => Access::Write,
        }
    }

    /// Whether these permissions meet the operation, wherever it may be.
    ///
    /// # Errors
    /// [`Refusal::MissingPermission`].
    pub fn check(self, held: &Permissions) -> Result<(), Refusal> {
        let permissions = self.permissions();
        if permissions.iter().any(|permission| held.has(*permission)) {
            return Ok(());
        }
        permissions.first().map_or(Ok(()), |first| Err(Refusal::MissingPermission(*first)))
    }
}

/// The scope of a call about the people of one tenant.
///
/// `tenant` is `None` where the caller's text names none; such a tenant nobody covers.
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

/// The scope of a call about one account, wherever among the caller's tenants it is attached.
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

/// The scope of changing a password by proof of the current one (R5): the caller's own without
/// any permission, another's as any other change.
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

/// The protected role in the tenant that the user would no longer hold if it became `becomes`
/// there (`None`: nothing), if the user counts as a holder at all (R4).
///
/// A blocked user counts for nothing. Rising to a more powerful role is no demotion.
pub fn protected_role_lost<'a>(
    user: &'a User,
    tenant: &TenantId,
    becomes: Option<&Role>,
) -> Option<&'a Role> {
    user.role_in(tenant)
        .filter(|held| held.is_protected() && !user.blocked)
        .filter(|held| becomes.is_none_or(|new| held.outranks(new)))
}

/// The last holder of a protected role would be lost (R4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the tenant would lose the last holder of a protected role")]
pub struct LastProtectedRoleHolder;

/// Whether a tenant keeps a holder of the role at stake: somebody among `others`, the tenant's
/// other people, must hold it and not be blocked (R4).
///
/// # Errors
/// [`LastProtectedRoleHolder`] if there is none.
pub fn ensure_other_holder<'a>(
    at_stake: &Role,
    tenant: &TenantId,
    others: impl IntoIterator<Item = &'a User>,
) -> Result<(), LastProtectedRoleHolder> {
    let holds = |user: &User| !user.blocked && user.role_in(tenant) == Some(at_stake);
    others.into_iter().any(holds).then_some(()).ok_or(LastProtectedRoleHolder)
}
