//! Who acts in the cases: callers, and the scopes that the policy gives them.

use domain::policy::{account_scope, own_password_scope, tenant_scope};
use domain::{
    AccountScope, Actor, Coverage, Operation, Permission, Permissions, TenantId, TenantScope,
    UserId,
};

use crate::catalogue::role;

/// One of the two tenants that are in play.
pub fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// The other one.
pub fn globex() -> TenantId {
    "globex".parse().unwrap()
}

/// Somebody with every permission, and the tenants where they hold.
#[derive(Debug, Clone)]
pub struct Caller(Actor);

impl Caller {
    fn covering(coverage: Coverage) -> Self {
        let permissions = Permission::ALL.into_iter().collect();
        Self(Actor { subject: None, permissions, coverage })
    }

    /// A caller whose token names these tenants.
    pub fn of<const N: usize>(tenants: [TenantId; N]) -> Self {
        Self::covering(Coverage::Listed(tenants.into()))
    }

    /// A caller whose own roles are known.
    pub fn ranked<const N: usize>(roles: [(TenantId, &str); N]) -> Self {
        let roles = roles.into_iter().map(|(tenant, name)| (tenant, role(name)));
        Self::covering(Coverage::Roles(roles.collect()))
    }

    /// A caller who covers everything.
    pub fn operator() -> Self {
        Self::covering(Coverage::All)
    }

    /// The same caller, acting as this account and without any permission.
    #[must_use]
    pub fn merely(self, account: &UserId) -> Self {
        let subject = Some(account.clone());
        Self(Actor { subject, permissions: Permissions::default(), ..self.0 })
    }

    /// To see the people of a tenant.
    pub fn reads(&self, tenant: &TenantId) -> TenantScope {
        tenant_scope(&self.0, Operation::ReadTenantUsers, Some(tenant)).unwrap()
    }

    /// To change the people of a tenant.
    pub fn writes(&self, tenant: &TenantId) -> TenantScope {
        tenant_scope(&self.0, Operation::WriteTenantUsers, Some(tenant)).unwrap()
    }

    /// To see accounts.
    pub fn views(&self) -> AccountScope {
        account_scope(&self.0, Operation::ViewUsers).unwrap()
    }

    /// To change accounts.
    pub fn changes(&self) -> AccountScope {
        account_scope(&self.0, Operation::ModifyUsers).unwrap()
    }

    /// To change a password by proof of the current one.
    pub fn proves(&self, account: &UserId) -> AccountScope {
        own_password_scope(&self.0, account).unwrap()
    }
}

/// To change the people of a tenant, as a caller whose token names it.
pub(crate) fn writes(tenant: &TenantId) -> TenantScope {
    Caller::of([tenant.clone()]).writes(tenant)
}

/// To change accounts, as a caller whose token names the tenant.
pub(crate) fn changes(tenant: &TenantId) -> AccountScope {
    Caller::of([tenant.clone()]).changes()
}

/// To change the people of a tenant, as a caller who has this role there.
pub(crate) fn ranked_writes(tenant: &TenantId, role: &str) -> TenantScope {
    Caller::ranked([(tenant.clone(), role)]).writes(tenant)
}

/// To change accounts, as a caller who has this role in the tenant.
pub(crate) fn ranked_changes(tenant: &TenantId, role: &str) -> AccountScope {
    Caller::ranked([(tenant.clone(), role)]).changes()
}
