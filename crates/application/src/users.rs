//! Contract B: accounts, for whoever manages them.

use std::sync::Arc;

use domain::{AccountChange, AccountScope, ListQuery, NewUser, Page, TenantScope, User, UserId};
use ports::{AccountUpdate, UserDirectory};

use crate::error::UseCaseError;

/// Lists, creates, changes and deletes accounts.
#[derive(Debug, Clone)]
pub struct Users {
    directory: Arc<dyn UserDirectory>,
}

impl Users {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>) -> Self {
        Self { directory }
    }

    /// Those of the tenant's people that the listing asks for.
    #[tracing::instrument(name = "users.list", skip_all)]
    pub async fn list(
        &self,
        scope: &TenantScope,
        listing: &ListQuery,
    ) -> Result<Page, UseCaseError> {
        Ok(self.directory.list(scope, listing).await?)
    }

    /// Creates an account at home in the tenant.
    ///
    /// # Errors
    /// `Refused` for a role above the caller's own; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `RejectedValue` with `WeakPassword`.
    #[tracing::instrument(name = "users.create", skip_all)]
    pub async fn create(&self, scope: &TenantScope, new: NewUser) -> Result<User, UseCaseError> {
        // Refused here already, so that a refused call reaches no directory.
        scope.authorize_grant(&new.role)?;
        Ok(self.directory.create(scope, new).await?)
    }

    /// One account.
    ///
    /// # Errors
    /// `Hidden` if the scope does not see it.
    #[tracing::instrument(name = "users.get", skip_all)]
    pub async fn get(&self, scope: &AccountScope, id: &UserId) -> Result<User, UseCaseError> {
        self.directory.find(scope, id).await?.ok_or(UseCaseError::Hidden)
    }

    /// Changes what is the account's own, as far as it can be.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Conflict` with `EmailTaken` if nothing at all could be changed.
    #[tracing::instrument(name = "users.change", skip_all)]
    pub async fn change(
        &self,
        scope: &AccountScope,
        id: &UserId,
        change: AccountChange,
    ) -> Result<AccountUpdate, UseCaseError> {
        let user = self.get(scope, id).await?;
        scope.authorize_change(&user)?;
        Ok(self.directory.change_account(scope, &user, change).await?)
    }

    /// Deletes the account, for every tenant.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Conflict` with `LastProtectedRoleHolder`.
    #[tracing::instrument(name = "users.delete", skip_all)]
    pub async fn delete(&self, scope: &AccountScope, id: &UserId) -> Result<(), UseCaseError> {
        let user = self.get(scope, id).await?;
        let _decision = scope.authorize_deletion(&user)?;
        Ok(self.directory.delete(scope, &user).await?)
    }
}
