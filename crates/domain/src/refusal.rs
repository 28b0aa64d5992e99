//! Why the policy does not allow a call.

use thiserror::Error;

use crate::id::TenantId;
use crate::permission::Permission;

/// A denial, of one of two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The caller may not know that the account exists.
    #[error("hidden from the caller")]
    Hidden,
    /// The caller may know that the account exists, but may not do this.
    #[error("refused: {0}")]
    Refused(Refusal),
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The token lacks a permission; this one would be enough.
    #[error("the token lacks the permission {0}")]
    MissingPermission(Permission),
    /// The token does not cover the tenant.
    #[error("the token does not cover the tenant")]
    TenantNotCovered,
    /// The caller's own role in the tenant does not allow it.
    #[error("the caller's role does not allow it")]
    InsufficientRole,
    /// The account's home is another tenant, or it has none (R2).
    #[error("the account is managed by another tenant")]
    ManagedByAnotherTenant,
    /// The role held or to be given is above the caller's own (R3).
    #[error("the role is above the caller's own")]
    RoleAboveOwn,
    /// The caller's own account is blocked.
    #[error("the account is blocked")]
    AccountBlocked,
    /// Only operators, who cover every tenant, may do this.
    #[error("only operators may do this")]
    OperatorsOnly,
    /// The token's subject is no account of the directory (R5).
    #[error("the subject of the token is not an account")]
    SubjectNotAnAccount,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The change would take the last holder of a protected role from a tenant (R4).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the tenant {tenant} would lose the last holder of a protected role")]
pub struct LastProtectedRoleHolder {
    /// The tenant. Only its own callers and operators may be told.
    pub tenant: TenantId,
}

/// Why [`policy::decide`](crate::policy::decide) does not allow an action.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActionDenied {
    /// A rule about the caller: the permission, the tenants, R1, R2 or R3.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The rule about the other holders of a protected role: R4.
    #[error(transparent)]
    LastProtectedRoleHolder(#[from] LastProtectedRoleHolder),
}

impl From<Refusal> for ActionDenied {
    fn from(refusal: Refusal) -> Self {
        Self::Denied(refusal.into())
    }
}
