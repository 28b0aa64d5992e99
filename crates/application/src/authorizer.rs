//! Authorization: from a token's bearer to a scope.

use std::sync::Arc;

use domain::{
    AccountRules, AccountScope, Actor, Bearer, Denied, Operation, PolicyContext, Role, TenantId,
    TenantScope, UserId, policy,
};
use ports::{Clock, UserDirectory};

use crate::error::UseCaseError;

/// Asks the policy what a bearer may do, after looking up the bearer's own memberships if the token
/// depends on them.
#[derive(Debug, Clone)]
pub struct Authorizer {
    directory: Arc<dyn UserDirectory>,
    clock: Arc<dyn Clock>,
    rules: AccountRules,
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
    pub(crate) fn new(
        directory: Arc<dyn UserDirectory>,
        clock: Arc<dyn Clock>,
        rules: AccountRules,
    ) -> Self {
        Self { directory, clock, rules }
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
        let (actor, context) = self.permitted(bearer, operation).await?;
        Ok(policy::tenant_scope(&actor, operation, tenant, &context)?)
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
        let (actor, context) = self.permitted(bearer, operation).await?;
        policy::tenant_scope(&actor, operation, tenant, &context)?;
        let write = Operation::WriteTenantUsers;
        Ok(Grants { scope: policy::tenant_scope(&actor, write, tenant, &context).ok() })
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
        let (actor, context) = self.permitted(bearer, operation).await?;
        Ok(policy::account_scope(&actor, operation, &context)?)
    }

    /// Returns the scope of a call about one account that only operators may make.
    ///
    /// # Errors
    /// `Refused`: by the permission, or because the caller is no operator.
    #[tracing::instrument(name = "authorizer.operator", skip_all)]
    pub async fn operator(&self, bearer: &Bearer) -> Result<AccountScope, UseCaseError> {
        let (actor, context) = self.permitted(bearer, Operation::ModifyUsers).await?;
        Ok(policy::operator_scope(&actor, &context)?)
    }

    /// Returns the scope of releasing a tenant's label, which only operators may do; `tenant` is
    /// `None` if the caller's text is no tenant id.
    ///
    /// # Errors
    /// Those of [`Authorizer::operator`].
    #[tracing::instrument(name = "authorizer.release", skip_all)]
    pub async fn release(
        &self,
        bearer: &Bearer,
        tenant: Option<&TenantId>,
    ) -> Result<TenantScope, UseCaseError> {
        let (actor, context) = self.permitted(bearer, Operation::ModifyUsers).await?;
        Ok(policy::release_scope(&actor, tenant, &context)?)
    }

    /// Returns the scope of acting on the bearer's own account.
    ///
    /// # Errors
    /// `Refused` with `SubjectNotAnAccount` if the subject cannot be an account.
    #[tracing::instrument(name = "authorizer.own_account", skip_all)]
    pub async fn own_account(&self, bearer: &Bearer) -> Result<AccountScope, UseCaseError> {
        let context = self.context();
        let actor = self.resolve(bearer, &context).await?;
        Ok(policy::own_account_scope(&actor, &context)?)
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
                let context = self.context();
                let actor = self.resolve(bearer, &context).await?;
                Ok(policy::own_password_scope(&actor, user, &context)?)
            }
            Some(_) | None => self.account(bearer, Operation::ModifyUsers).await,
        }
    }

    /// Returns the bearer with its rights resolved, to be shown to itself.
    ///
    /// # Errors
    /// Those of the lookup of the bearer's memberships.
    pub async fn actor(&self, bearer: &Bearer) -> Result<Actor, UseCaseError> {
        self.resolve(bearer, &self.context()).await
    }

    /// Refuses a bearer without the permission before any lookup.
    async fn permitted(
        &self,
        bearer: &Bearer,
        operation: Operation,
    ) -> Result<(Actor, PolicyContext), UseCaseError> {
        operation.check(&bearer.permissions).map_err(Denied::from)?;
        let context = self.context();
        Ok((self.resolve(bearer, &context).await?, context))
    }

    fn context(&self) -> PolicyContext {
        PolicyContext::at(self.clock.now()).with_rules(self.rules)
    }

    async fn resolve(
        &self,
        bearer: &Bearer,
        context: &PolicyContext,
    ) -> Result<Actor, UseCaseError> {
        let Some(id) = bearer.membership_subject() else {
            return Ok(bearer.actor(None, context));
        };
        let scope = AccountScope::system("the caller's own memberships decide its rights");
        tracing::debug!(reason = scope.bypass_reason(), "bypassing the policy");
        let account = self.directory.find(&scope, id).await?;
        Ok(bearer.actor(account.as_deref(), context))
    }
}
