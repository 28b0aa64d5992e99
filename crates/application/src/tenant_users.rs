//! Contract A: the people of one tenant, for its back office.

use std::sync::Arc;

use domain::{
    AccountScope, ListQuery, MembershipChange, NewMember, Page, TenantScope, User, UserId,
};
use ports::{AttachOutcome, UserDirectory};

use crate::error::UseCaseError;

/// Lists, attaches, changes and detaches the people of one tenant.
#[derive(Debug, Clone)]
pub struct TenantUsers {
    directory: Arc<dyn UserDirectory>,
}

impl TenantUsers {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>) -> Self {
        Self { directory }
    }

    /// Those of the tenant's people that the listing asks for.
    #[tracing::instrument(name = "tenant_users.list", skip_all)]
    pub async fn list(
        &self,
        scope: &TenantScope,
        listing: &ListQuery,
    ) -> Result<Page, UseCaseError> {
        Ok(self.directory.list(scope, listing).await?)
    }

    /// Attaches whoever has the address to the tenant, or creates an account at home there.
    ///
    /// # Errors
    /// `Refused` for a role above the caller's own; `Conflict` with `AlreadyAttached` or
    /// `AmbiguousAccount`.
    #[tracing::instrument(name = "tenant_users.attach_or_create", skip_all)]
    pub async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> Result<AttachOutcome, UseCaseError> {
        // Refused here already, so that a refused call reaches no directory.
        scope.authorize_grant(&new_member.role)?;
        Ok(self.directory.attach_or_create(scope, new_member).await?)
    }

    /// One of the tenant's people.
    ///
    /// # Errors
    /// `Hidden` if the account is not attached to the tenant.
    #[tracing::instrument(name = "tenant_users.get", skip_all)]
    pub async fn get(&self, scope: &TenantScope, id: &UserId) -> Result<User, UseCaseError> {
        let found = self.directory.find(&AccountScope::from(scope), id).await?;
        found.ok_or(UseCaseError::Hidden)
    }

    /// Changes somebody's role or display name in the tenant.
    ///
    /// # Errors
    /// `Hidden`; `Refused` where the role held or to be given is above the caller's own;
    /// `Conflict` with `LastProtectedRoleHolder`.
    #[tracing::instrument(name = "tenant_users.change", skip_all)]
    pub async fn change(
        &self,
        scope: &TenantScope,
        id: &UserId,
        change: MembershipChange,
    ) -> Result<User, UseCaseError> {
        let user = self.get(scope, id).await?;
        // Refused here already, so that a refused call writes nothing; the directory checks R4.
        let _decision = scope.authorize_change(&user, &change)?;
        Ok(self.directory.change_membership(scope, &user, change).await?)
    }

    /// Takes the tenant's access away from somebody; the account stays.
    ///
    /// # Errors
    /// As [`TenantUsers::change`].
    #[tracing::instrument(name = "tenant_users.detach", skip_all)]
    pub async fn detach(&self, scope: &TenantScope, id: &UserId) -> Result<(), UseCaseError> {
        let user = self.get(scope, id).await?;
        let _decision = scope.authorize_detach(&user)?;
        Ok(self.directory.detach(scope, &user).await?)
    }
}
