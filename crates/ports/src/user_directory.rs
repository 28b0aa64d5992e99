//! The directory of accounts.

use std::fmt::Debug;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, ListQuery, MembershipChange, NewMember, NewUser, Page, Password,
    TenantScope, User, UserId,
};

use crate::error::{Conflict, PortResult};

/// The directory of accounts and their memberships.
///
/// The `snapshot` of a change is the account as [`UserDirectory::find`] returned it during the same
/// call. An implementation that reads and writes in one step reads again and uses only its id; one
/// that cannot may rely on the snapshot to save a second read. Either way it checks the scope on the
/// newest state that it has, and returns `NotFound` or `Refused` as the scope decides. Changes of
/// roles, detachments and deletions go through the scope's [`Decision`](domain::Decision).
///
/// A stored role that is not in the catalogue is no membership: not shown, not counted, not listed.
///
/// Every method may return `Unavailable`, `Timeout` or `Failed`.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Debug + Send + Sync {
    /// Returns the account with this id, if it exists and the scope sees it.
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>>;

    /// Returns the requested page of the tenant's users, and the total. Earlier changes by the same
    /// process are included.
    async fn list(&self, scope: &TenantScope, query: &ListQuery) -> PortResult<Page>;

    /// Creates an account whose home is the scope's tenant, attached to it.
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `Rejected` with `WeakPassword`. Nothing is created then.
    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User>;

    /// Attaches the account with the address to the scope's tenant, or creates one at home there.
    ///
    /// An attached account gets the name by [`User::rename_in`].
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `AlreadyAttached` or
    /// `AmbiguousAccount`. Of concurrent calls for one address and tenant, one succeeds.
    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome>;

    /// Changes the account's membership in the scope's tenant.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope decides, also for the new role; `Conflict` with
    /// `LastProtectedRoleHolder`, which is checked in one step with the change: of two concurrent
    /// calls that would together leave no holder, one fails.
    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User>;

    /// Removes the account's membership in the scope's tenant, and keeps the account.
    ///
    /// # Errors
    /// As [`UserDirectory::change_membership`].
    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()>;

    /// Changes the account's own e-mail address and names.
    ///
    /// If the address is taken but the names differ, the names are changed and [`AccountUpdate`]
    /// reports the failure.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope decides; `Conflict` with `EmailTaken` if the names are
    /// unchanged.
    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate>;

    /// Sets the account's password. A blocked account stays blocked.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_password`] decides; `Rejected` with
    /// `WeakPassword`.
    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User>;

    /// Deletes the account in every tenant.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope decides; `Conflict` with `LastProtectedRoleHolder` for
    /// any tenant, checked in one step with the deletion.
    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()>;

    /// Checks that the directory can serve calls. Touches no tenant's data.
    async fn check_ready(&self) -> PortResult<()>;
}

/// The outcome of [`UserDirectory::attach_or_create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachOutcome {
    /// The account after the change.
    pub user: User,
    /// Whether it was created rather than attached.
    pub created: bool,
}

/// The outcome of an account change of which at least a part was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The account after the change.
    pub user: User,
    /// Why the rest was not made; empty if the change is complete.
    pub failures: Vec<Conflict>,
}
