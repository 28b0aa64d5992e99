//! Contract A: the users of one tenant, for the back office.

use std::sync::Arc;

use domain::{
    AccountScope, ListQuery, MembershipChange, NewMember, Page, TenantScope, User, UserId,
};
use ports::{AttachOutcome, UserDirectory};

use crate::error::UseCaseError;

/// Lists, attaches, changes and detaches the users of one tenant.
#[derive(Debug, Clone)]
pub struct TenantUsers {
    directory: Arc<dyn UserDirectory>,
}

impl TenantUsers {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>) -> Self {
        Self { directory }
    }

    /// Returns the requested page of the tenant's users.
    #[tracing::instrument(name = "tenant_users.list", skip_all)]
    pub async fn list(&self, scope: &TenantScope, query: &ListQuery) -> Result<Page, UseCaseError> {
        Ok(self.directory.list(scope, query).await?)
    }

    /// Attaches the account with the address to the tenant, or creates one at home there.
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
        // Checked before the directory is called; the directory checks again.
        scope.authorize_grant(&new_member.role)?;
        Ok(self.directory.attach_or_create(scope, new_member).await?)
    }

    /// Returns one user of the tenant.
    ///
    /// # Errors
    /// `Hidden` if the account is not attached to the tenant.
    #[tracing::instrument(name = "tenant_users.get", skip_all)]
    pub async fn get(&self, scope: &TenantScope, id: &UserId) -> Result<User, UseCaseError> {
        let found = self.directory.find(&AccountScope::from(scope), id).await?;
        found.ok_or(UseCaseError::Hidden)
    }

    /// Changes a user's role or display name in the tenant.
    ///
    /// # Errors
    /// `Hidden`; `Refused` if the role held or the new one is above the caller's own;
    /// `Conflict` with `LastProtectedRoleHolder`.
    #[tracing::instrument(name = "tenant_users.change", skip_all)]
    pub async fn change(
        &self,
        scope: &TenantScope,
        id: &UserId,
        change: MembershipChange,
    ) -> Result<User, UseCaseError> {
        let user = self.get(scope, id).await?;
        // Checked before the directory is called; the directory checks again, and R4 too.
        let _decision = scope.authorize_change(&user, &change)?;
        Ok(self.directory.change_membership(scope, &user, change).await?)
    }

    /// Removes a user's membership in the tenant; the account stays.
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
