//! Authorization: from a token's bearer to a scope.

use std::sync::Arc;

use domain::{
    AccountScope, Actor, Bearer, Denied, Operation, Role, TenantId, TenantScope, UserId, policy,
};
use ports::UserDirectory;

use crate::error::UseCaseError;

/// Asks the policy what a bearer may do, after looking up the bearer's own memberships if the token
/// depends on them.
#[derive(Debug, Clone)]
pub struct Authorizer {
    directory: Arc<dyn UserDirectory>,
}

/// The roles that a bearer may give in one tenant.
#[derive(Debug)]
pub struct Grants {
    /// The scope of changing the tenant's users, if the bearer may do that.
    scope: Option<TenantScope>,
}

impl Grants {
    /// Whether the bearer may give this role to a user of the tenant (R3).
    pub fn allow(&self, role: &Role) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.authorize_grant(role).is_ok())
    }
}

impl Authorizer {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>) -> Self {
        Self { directory }
    }

    /// Returns the scope of a call about the users of one tenant; `tenant` is `None` if the caller's
    /// text is no tenant id.
    ///
    /// # Errors
    /// `Refused`: by the permission, then by the tenant, then by the caller's role.
    #[tracing::instrument(name = "authorizer.tenant", skip_all)]
    pub async fn tenant(
        &self,
        bearer: &Bearer,
        operation: Operation,
        tenant: Option<&TenantId>,
    ) -> Result<TenantScope, UseCaseError> {
        let actor = self.actor(bearer, operation).await?;
        Ok(policy::tenant_scope(&actor, operation, tenant)?)
    }

    /// Returns the roles that a bearer who may see the users of a tenant may give there; the
    /// bearer's own account is looked up once.
    ///
    /// # Errors
    /// As [`Authorizer::tenant`] for [`Operation::ReadTenantUsers`].
    #[tracing::instrument(name = "authorizer.grants", skip_all)]
    pub async fn grants(
        &self,
        bearer: &Bearer,
        tenant: Option<&TenantId>,
    ) -> Result<Grants, UseCaseError> {
        let operation = Operation::ReadTenantUsers;
        let actor = self.actor(bearer, operation).await?;
        policy::tenant_scope(&actor, operation, tenant)?;
        Ok(Grants { scope: policy::tenant_scope(&actor, Operation::WriteTenantUsers, tenant).ok() })
    }

    /// Returns the scope of a call about one account.
    ///
    /// # Errors
    /// `Refused`: by the permission, or by the caller's roles if none allows it.
    #[tracing::instrument(name = "authorizer.account", skip_all)]
    pub async fn account(
        &self,
        bearer: &Bearer,
        operation: Operation,
    ) -> Result<AccountScope, UseCaseError> {
        let actor = self.actor(bearer, operation).await?;
        Ok(policy::account_scope(&actor, operation)?)
    }

    /// Returns the scope of changing the account's password by proof of the current one.
    ///
    /// # Errors
    /// As [`Authorizer::account`], unless the account is the bearer's own.
    #[tracing::instrument(name = "authorizer.own_password", skip_all)]
    pub async fn own_password(
        &self,
        bearer: &Bearer,
        user: Option<&UserId>,
    ) -> Result<AccountScope, UseCaseError> {
        match user {
            Some(user) if bearer.subject.as_ref() == Some(user) => {
                let actor = self.resolve(bearer).await?;
                Ok(policy::own_password_scope(&actor, user)?)
            }
            Some(_) | None => self.account(bearer, Operation::ModifyUsers).await,
        }
    }

    /// Refuses a bearer without the permission before any lookup.
    async fn actor(&self, bearer: &Bearer, operation: Operation) -> Result<Actor, UseCaseError> {
        operation.check(&bearer.permissions).map_err(Denied::from)?;
        self.resolve(bearer).await
    }

    async fn resolve(&self, bearer: &Bearer) -> Result<Actor, UseCaseError> {
        let Some(id) = bearer.membership_subject() else { return Ok(bearer.actor(None)) };
        let scope = AccountScope::system("the caller's own memberships decide its rights");
        tracing::debug!(reason = scope.bypass_reason(), "bypassing the policy");
        let account = self.directory.find(&scope, id).await?;
        Ok(bearer.actor(account.as_ref()))
    }
}
