//! Contract B: accounts.

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

    /// Returns the requested page of the tenant's users.
    #[tracing::instrument(name = "users.list", skip_all)]
    pub async fn list(&self, scope: &TenantScope, query: &ListQuery) -> Result<Page, UseCaseError> {
        Ok(self.directory.list(scope, query).await?)
    }

    /// Creates an account whose home is the tenant.
    ///
    /// # Errors
    /// `Refused` for a role above the caller's own; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `Rejected` with `WeakPassword`.
    #[tracing::instrument(name = "users.create", skip_all)]
    pub async fn create(&self, scope: &TenantScope, new: NewUser) -> Result<User, UseCaseError> {
        // Checked before the directory is called; the directory checks again.
        scope.authorize_grant(&new.role)?;
        Ok(self.directory.create(scope, new).await?)
    }

    /// Returns one account.
    ///
    /// # Errors
    /// `Hidden` if the scope does not see the account.
    #[tracing::instrument(name = "users.get", skip_all)]
    pub async fn get(&self, scope: &AccountScope, id: &UserId) -> Result<User, UseCaseError> {
        self.directory.find(scope, id).await?.ok_or(UseCaseError::Hidden)
    }

    /// Changes the account's own e-mail address and names, as far as possible.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Conflict` with `EmailTaken` if nothing could be changed.
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

    /// Deletes the account in every tenant.
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
