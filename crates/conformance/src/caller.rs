//! The callers of the cases, and the scopes that the policy gives them.

use domain::policy::{account_scope, own_password_scope, tenant_scope};
use domain::{
    AccountScope, Actor, Coverage, Operation, Permission, Permissions, TenantId, TenantScope,
    UserId,
};

use crate::catalogue::role;

/// Returns one of the two tenants.
pub fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// Returns the other tenant.
pub fn globex() -> TenantId {
    "globex".parse().unwrap()
}

/// A caller with every permission in some tenants.
#[derive(Debug, Clone)]
pub struct Caller(Actor);

impl Caller {
    fn covering(coverage: Coverage) -> Self {
        let permissions = Permission::ALL.into_iter().collect();
        Self(Actor { subject: None, permissions, coverage })
    }

    /// Returns a caller whose token names these tenants.
    pub fn of<const N: usize>(tenants: [TenantId; N]) -> Self {
        Self::covering(Coverage::Listed(tenants.into()))
    }

    /// Returns a caller with these roles.
    pub fn ranked<const N: usize>(roles: [(TenantId, &str); N]) -> Self {
        let roles = roles.into_iter().map(|(tenant, name)| (tenant, role(name)));
        Self::covering(Coverage::Roles(roles.collect()))
    }

    /// Returns an operator.
    pub fn operator() -> Self {
        Self::covering(Coverage::All)
    }

    /// Returns the caller acting as this account, without any permission.
    #[must_use]
    pub fn without_permissions(self, account: &UserId) -> Self {
        let subject = Some(account.clone());
        Self(Actor { subject, permissions: Permissions::default(), ..self.0 })
    }

    /// Returns the scope of reading the users of a tenant.
    pub fn reads(&self, tenant: &TenantId) -> TenantScope {
        tenant_scope(&self.0, Operation::ReadTenantUsers, Some(tenant)).unwrap()
    }

    /// Returns the scope of changing the users of a tenant.
    pub fn writes(&self, tenant: &TenantId) -> TenantScope {
        tenant_scope(&self.0, Operation::WriteTenantUsers, Some(tenant)).unwrap()
    }

    /// Returns the scope of reading accounts.
    pub fn views(&self) -> AccountScope {
        account_scope(&self.0, Operation::ViewUsers).unwrap()
    }

    /// Returns the scope of changing accounts.
    pub fn changes(&self) -> AccountScope {
        account_scope(&self.0, Operation::ModifyUsers).unwrap()
    }

    /// Returns the scope of changing a password by proof of the current one.
    pub fn proves(&self, account: &UserId) -> AccountScope {
        own_password_scope(&self.0, account).unwrap()
    }
}

/// Returns the scope of changing the users of a tenant, of a caller whose token names it.
pub(crate) fn writes(tenant: &TenantId) -> TenantScope {
    Caller::of([tenant.clone()]).writes(tenant)
}

/// Returns the scope of changing accounts, of a caller whose token names the tenant.
pub(crate) fn changes(tenant: &TenantId) -> AccountScope {
    Caller::of([tenant.clone()]).changes()
}

/// Returns the scope of changing the users of a tenant, of a caller with this role there.
pub(crate) fn ranked_writes(tenant: &TenantId, role: &str) -> TenantScope {
    Caller::ranked([(tenant.clone(), role)]).writes(tenant)
}

/// Returns the scope of changing accounts, of a caller with this role in the tenant.
pub(crate) fn ranked_changes(tenant: &TenantId, role: &str) -> AccountScope {
    Caller::ranked([(tenant.clone(), role)]).changes()
}
