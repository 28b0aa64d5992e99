//! The caller's own memberships.

use std::sync::Arc;

use domain::{AccountScope, Membership, Standing, TenantId, User, UserId, policy};
use ports::UserDirectory;

use crate::error::UseCaseError;

/// Shows callers their own memberships, and ends them.
#[derive(Debug, Clone)]
pub struct OwnMemberships {
    directory: Arc<dyn UserDirectory>,
}

/// One of the caller's own memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMembership {
    /// The tenant.
    pub tenant: TenantId,
    /// The membership there.
    pub membership: Membership,
    /// Whether it has force.
    pub standing: Standing,
    /// Whether the tenant is the account's home.
    pub managed_here: bool,
}

impl OwnMemberships {
    pub(crate) fn new(directory: Arc<dyn UserDirectory>) -> Self {
        Self { directory }
    }

    /// Returns the memberships that the caller may know of, by tenant; `None` if the subject is no
    /// account, or not one that its issuer may name.
    ///
    /// # Errors
    /// Those of the lookup.
    #[tracing::instrument(name = "own_memberships.list", skip_all)]
    pub async fn list(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<Option<Vec<OwnMembership>>, UseCaseError> {
        let Some(user) = self.find(scope, id).await? else { return Ok(None) };
        let memberships = scope.own_memberships(&user).filter_map(|(tenant, standing)| {
            Some(OwnMembership {
                tenant: tenant.clone(),
                membership: user.memberships.get(tenant)?.clone(),
                standing,
                managed_here: user.home.as_ref() == Some(tenant),
            })
        });
        Ok(Some(memberships.collect()))
    }

    /// Ends the caller's own membership in the tenant; `tenant` is `None` if the caller's text is no
    /// tenant id.
    ///
    /// # Errors
    /// `Refused` with `SubjectNotAnAccount`; `Hidden` if there is no such membership; `Conflict` with
    /// `LastProtectedRoleHolder`.
    #[tracing::instrument(name = "own_memberships.leave", skip_all)]
    pub async fn leave(
        &self,
        scope: &AccountScope,
        id: &UserId,
        tenant: Option<&TenantId>,
    ) -> Result<(), UseCaseError> {
        let Some(user) = self.find(scope, id).await? else {
            return Err(UseCaseError::Refused(domain::Refusal::SubjectNotAnAccount));
        };
        let scope = policy::leave_scope(scope, &user, tenant.ok_or(UseCaseError::Hidden)?)?;
        let _decision = scope.authorize_detach(&user)?;
        Ok(self.directory.detach(&scope, &user).await?)
    }

    async fn find(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<Option<Arc<User>>, UseCaseError> {
        let found = self.directory.find(scope, id).await?;
        Ok(found.filter(|user| scope.owns(user)))
    }
}
