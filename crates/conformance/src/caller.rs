//! The callers of the cases, and the scopes that the policy gives them.

use domain::policy::{
    account_scope, operator_scope, own_account_scope, own_password_scope, release_scope,
    tenant_scope,
};
use domain::{
    AccountScope, Actor, Bearer, CallerKey, ClaimedTenants, Denied, Operation, Permission,
    Permissions, PolicyContext, SubjectKind, TenantId, TenantScope, User, UserId,
};
use ports::Clock;

use crate::catalogue::role;
use crate::clock::ManualClock;
use crate::values::valid;

/// Returns one of the two tenants.
pub fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// Returns the other tenant.
pub fn globex() -> TenantId {
    "globex".parse().unwrap()
}

/// Returns the moment at which every subject starts, and the default rules.
pub fn context() -> PolicyContext {
    PolicyContext::at(ManualClock::new().now())
}

/// A caller with every permission in some tenants.
#[derive(Debug, Clone)]
pub struct Caller {
    actor: Actor,
    context: PolicyContext,
}

impl Caller {
    fn new(actor: Actor) -> Self {
        Self { actor, context: context() }
    }

    /// Returns a caller whose token names these tenants.
    pub fn of<const N: usize>(tenants: [TenantId; N]) -> Self {
        Self::new(Actor::of_tenants(tenants))
    }

    /// Returns a caller with these roles.
    pub fn ranked<const N: usize>(roles: [(TenantId, &str); N]) -> Self {
        let roles = roles.into_iter().map(|(tenant, name)| (tenant, role(name)));
        Self::new(Actor::member(valid("auth0|ranked-caller"), roles))
    }

    /// Returns an operator.
    pub fn operator() -> Self {
        Self::new(Actor::operator())
    }

    /// Returns a caller whose rights are those of the account's memberships as they now are, and are
    /// read again when it changes something.
    pub fn member(account: &User) -> Self {
        let bearer = Bearer {
            caller: CallerKey::new([0; 32]),
            issuer: "https://issuer.example.com".to_owned(),
            subject: Some(account.id.clone()),
            subject_kind: SubjectKind::Accounts,
            permissions: Permission::ALL.into_iter().collect(),
            tenants: ClaimedTenants::Memberships { within: None },
        };
        Self::new(bearer.actor(Some(account), &context()))
    }

    /// Returns the caller acting as this account, without any permission.
    #[must_use]
    pub fn without_permissions(self, account: &UserId) -> Self {
        let caller = self.with_subject(account, SubjectKind::Accounts);
        Self { actor: caller.actor.with_permissions(Permissions::default()), ..caller }
    }

    /// Replaces the caller's subject.
    #[must_use]
    pub fn with_subject(self, account: &UserId, kind: SubjectKind) -> Self {
        Self { actor: self.actor.with_subject(account.clone(), kind), ..self }
    }

    /// Returns the scope of reading the users of a tenant.
    pub fn reads(&self, tenant: &TenantId) -> TenantScope {
        let operation = Operation::ReadTenantUsers;
        tenant_scope(&self.actor, operation, Some(tenant), &self.context).unwrap()
    }

    /// Returns the scope of changing the users of a tenant.
    pub fn writes(&self, tenant: &TenantId) -> TenantScope {
        let operation = Operation::WriteTenantUsers;
        tenant_scope(&self.actor, operation, Some(tenant), &self.context).unwrap()
    }

    /// Returns the scope of releasing a tenant's label.
    ///
    /// # Errors
    /// Those of [`release_scope`].
    pub fn releases(&self, tenant: &TenantId) -> Result<TenantScope, Denied> {
        release_scope(&self.actor, Some(tenant), &self.context)
    }

    /// Returns the scope of reading accounts.
    pub fn views(&self) -> AccountScope {
        account_scope(&self.actor, Operation::ViewUsers, &self.context).unwrap()
    }

    /// Returns the scope of changing accounts.
    pub fn changes(&self) -> AccountScope {
        account_scope(&self.actor, Operation::ModifyUsers, &self.context).unwrap()
    }

    /// Returns the scope of what only operators may do to an account.
    ///
    /// # Errors
    /// Those of [`operator_scope`].
    pub fn operates(&self) -> Result<AccountScope, Denied> {
        operator_scope(&self.actor, &self.context)
    }

    /// Returns the scope of acting on the caller's own account.
    pub fn owns(&self) -> AccountScope {
        own_account_scope(&self.actor, &self.context).unwrap()
    }

    /// Returns the scope of changing a password by proof of the current one.
    pub fn proves(&self, account: &UserId) -> AccountScope {
        own_password_scope(&self.actor, account, &self.context).unwrap()
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

/// Returns the scope of changing accounts, of an operator.
pub(crate) fn operates() -> AccountScope {
    Caller::operator().operates().unwrap()
}

/// Returns the scope of changing the users of a tenant, of a caller with this role there.
pub(crate) fn ranked_writes(tenant: &TenantId, role: &str) -> TenantScope {
    Caller::ranked([(tenant.clone(), role)]).writes(tenant)
}

/// Returns the scope of changing accounts, of a caller with this role in the tenant.
pub(crate) fn ranked_changes(tenant: &TenantId, role: &str) -> AccountScope {
    Caller::ranked([(tenant.clone(), role)]).changes()
}
