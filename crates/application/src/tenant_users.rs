//! Contract A: the users of one tenant, for the back office.

use std::sync::Arc;

use domain::{
    AccountScope, MembershipChange, NewMember, Page, PageRequest, Sort, TenantScope, User, UserId,
    UserView,
};
use ports::{Clock, FullList, PortError, ReleaseOutcome, UserDirectory};

use crate::error::UseCaseError;
use crate::invitations::Invitations;

/// Lists, attaches, changes and detaches the users of one tenant.
#[derive(Debug)]
pub struct TenantUsers {
    directory: Arc<dyn UserDirectory>,
    clock: Arc<dyn Clock>,
    invitations: Invitations,
}

impl TenantUsers {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>, clock: Arc<dyn Clock>) -> Self {
        Self { directory, clock, invitations: Invitations::default() }
    }

    /// Returns one page of the tenant's users, in this order.
    #[tracing::instrument(name = "tenant_users.list_page", skip_all)]
    pub async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> Result<Page, UseCaseError> {
        Ok(self.directory.list_page(scope, sort, page).await?)
    }

    /// Returns all users of the tenant, in this order.
    #[tracing::instrument(name = "tenant_users.list_all", skip_all)]
    pub async fn list_all(
        &self,
        scope: &TenantScope,
        sort: Sort,
    ) -> Result<FullList, UseCaseError> {
        Ok(self.directory.list_all(scope, sort).await?)
    }

    /// Attaches the account with the address to the tenant, confirms its pending membership, or
    /// creates an account at home there.
    ///
    /// # Errors
    /// `Refused` for a role above the caller's own; `Conflict` with `AlreadyAttached` or
    /// `AmbiguousAccount`.
    #[tracing::instrument(name = "tenant_users.attach_or_create", skip_all)]
    pub async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> Result<UserView<'static>, UseCaseError> {
        // Checked before the directory is called; the directory checks again.
        scope.authorize_grant(&new_member.role)?;
        let outcome = self.directory.attach_or_create(scope, new_member).await?;
        scope.into_view(outcome.user).ok_or(UseCaseError::Hidden)
    }

    /// Returns one user of the tenant.
    ///
    /// # Errors
    /// `Hidden` if the account is not attached to the tenant.
    #[tracing::instrument(name = "tenant_users.get", skip_all)]
    pub async fn get(
        &self,
        scope: &TenantScope,
        id: &UserId,
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
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
    ) -> Result<UserView<'static>, UseCaseError> {
        let user = self.find(scope, id).await?;
        // Checked before the directory is called; the directory checks again, and R4 too.
        let _decision = scope.authorize_change(&user, &change)?;
        let user = self.directory.change_membership(scope, &user, change).await?;
        scope.into_view(user).ok_or(UseCaseError::Hidden)
    }

    /// Removes a user's membership in the tenant; the account stays.
    ///
    /// # Errors
    /// As [`TenantUsers::change`].
    #[tracing::instrument(name = "tenant_users.detach", skip_all)]
    pub async fn detach(&self, scope: &TenantScope, id: &UserId) -> Result<(), UseCaseError> {
        let user = self.find(scope, id).await?;
        let _decision = scope.authorize_detach(&user)?;
        Ok(self.directory.detach(scope, &user).await?)
    }

    /// Has the directory mail the user what is missing for a membership with force.
    ///
    /// An invitation counts unless certainly no mail was sent, so that failures cannot be used to
    /// send many.
    ///
    /// # Errors
    /// `Hidden`; `Refused`; `TooManyInvitations`; `Conflict` with `MailUnavailable`.
    #[tracing::instrument(name = "tenant_users.invite", skip_all)]
    pub async fn invite(&self, scope: &TenantScope, id: &UserId) -> Result<(), UseCaseError> {
        let user = self.find(scope, id).await?;
        scope.authorize_invitation(&user)?;
        let now = self.clock.now();
        self.invitations
            .begin(scope.tenant(), id, now)
            .map_err(|retry_after| UseCaseError::TooManyInvitations { retry_after })?;
        let sent = self.directory.send_invitation(scope, &user).await;
        if sent.as_ref().is_err_and(is_certainly_unsent) {
            self.invitations.withdraw(scope.tenant(), id, now);
        }
        Ok(sent?)
    }

    /// Removes memberships in the tenant and homes there, of at most `limit` accounts.
    ///
    /// # Errors
    /// `Refused` unless the scope is for that.
    #[tracing::instrument(name = "tenant_users.release", skip_all)]
    pub async fn release(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> Result<ReleaseOutcome, UseCaseError> {
        scope.authorize_release()?;
        Ok(self.directory.release_tenant(scope, limit).await?)
    }

    async fn find(&self, scope: &TenantScope, id: &UserId) -> Result<Arc<User>, UseCaseError> {
        let found = self.directory.find(&AccountScope::from(scope), id).await?;
        found.ok_or(UseCaseError::Hidden)
    }
}

/// Whether the directory has certainly sent no mail. It may send two, of which the second can fail.
fn is_certainly_unsent(error: &PortError) -> bool {
    match error {
        PortError::NotFound
        | PortError::Refused(_)
        | PortError::Conflict(_)
        | PortError::Rejected(_) => true,
        PortError::TooManyAttempts { .. }
        | PortError::Unavailable { .. }
        | PortError::Timeout
        | PortError::Failed { .. } => false,
    }
}
