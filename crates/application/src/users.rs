//! Contract B: accounts.

use std::sync::Arc;

use domain::{
    AccountChange, AccountScope, NewUser, Page, PageRequest, Sort, TenantId, TenantScope, User,
    UserId, UserView,
};
use ports::{AccountUpdate, Conflict, UserDirectory};

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

    /// Returns one page of the tenant's users, in this order.
    #[tracing::instrument(name = "users.list_page", skip_all)]
    pub async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> Result<Page, UseCaseError> {
        Ok(self.directory.list_page(scope, sort, page).await?)
    }

    /// Creates an account whose home is the tenant.
    ///
    /// # Errors
    /// `Refused` for a role above the caller's own; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `Rejected` with `WeakPassword`.
    #[tracing::instrument(name = "users.create", skip_all)]
    pub async fn create(
        &self,
        scope: &TenantScope,
        new: NewUser,
    ) -> Result<UserView<'static>, UseCaseError> {
        // Checked before the directory is called; the directory checks again.
        scope.authorize_grant(&new.role)?;
        let user = self.directory.create(scope, new).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    /// Returns one account.
    ///
    /// # Errors
    /// `Hidden` if the scope does not see the account.
    #[tracing::instrument(name = "users.get", skip_all)]
    pub async fn get(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
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
    ) -> Result<UpdatedUser, UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.authorize_change(&user)?;
        let AccountUpdate { user, failures } =
            self.directory.change_account(scope, &user, change).await?;
        let user = scope.into_view(user).ok_or(UseCaseError::Hidden)?;
        Ok(UpdatedUser { user, failures })
    }

    /// Deletes the account in every tenant.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Conflict` with `LastProtectedRoleHolder`.
    #[tracing::instrument(name = "users.delete", skip_all)]
    pub async fn delete(&self, scope: &AccountScope, id: &UserId) -> Result<(), UseCaseError> {
        let user = self.find(scope, id).await?;
        let _decision = scope.authorize_deletion(&user)?;
        Ok(self.directory.delete(scope, &user).await?)
    }

    /// Moves the account's home to a tenant that it is attached to, or clears it.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Conflict` with `NotAttached`.
    #[tracing::instrument(name = "users.move_home", skip_all)]
    pub async fn move_home(
        &self,
        scope: &AccountScope,
        id: &UserId,
        home: Option<TenantId>,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.authorize_operator(&user)?;
        let user = self.directory.move_home(scope, &user, home).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    /// Vouches that the account is the person's own, or withdraws that.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `Rejected` with `Unsupported` if the account's connection decides it.
    #[tracing::instrument(name = "users.set_email_verified", skip_all)]
    pub async fn set_email_verified(
        &self,
        scope: &AccountScope,
        id: &UserId,
        verified: bool,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.authorize_operator(&user)?;
        let user = self.directory.set_email_verified(scope, &user, verified).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    async fn find(&self, scope: &AccountScope, id: &UserId) -> Result<Arc<User>, UseCaseError> {
        self.directory.find(scope, id).await?.ok_or(UseCaseError::Hidden)
    }
}

/// The outcome of an account change of which at least a part was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedUser {
    /// The user after the change.
    pub user: UserView<'static>,
    /// Why the rest was not made; empty if the change is complete.
    pub failures: Vec<Conflict>,
}
