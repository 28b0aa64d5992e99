//! Where the accounts are kept.

use std::fmt::Debug;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, ListQuery, MembershipChange, NewMember, NewUser, Page, Password,
    TenantScope, User, UserId,
};

use crate::error::{Conflict, PortResult};

/// The directory of accounts, and of the tenants that they are attached to.
///
/// The `snapshot` of a change is the account as [`UserDirectory::find`] answered it during the same
/// call. An implementation that can read and write in one step reads again and ignores it but for
/// its id; one that cannot may rely on it, so that a change costs no second read. Either way it
/// asks the scope about the newest state that it has, and answers `NotFound` or `Refused` as the
/// scope does.
///
/// A stored role that is not in the catalogue is no membership: not shown, not counted, not listed.
///
/// Every method may answer `Unavailable`, `Timeout` or `Failed`.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Debug + Send + Sync {
    /// The account of this id, if there is one and the scope sees it.
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>>;

    /// Those of the tenant's people that the listing asks for, in its order, and how many there
    /// are in all. What the same process changed before is in it.
    async fn list(&self, scope: &TenantScope, listing: &ListQuery) -> PortResult<Page>;

    /// Creates an account at home in the scope's tenant, attached to it.
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `RejectedValue` with `WeakPassword`. Nothing is created then.
    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User>;

    /// Attaches the account of the address to the scope's tenant, or creates it at home there.
    ///
    /// An account that is attached gets the name by [`User::rename_in`].
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `AlreadyAttached` or
    /// `AmbiguousAccount`. Of several racing calls for one address and tenant, one succeeds.
    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome>;

    /// Changes what the account is in the scope's tenant.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope says, also for the role that is to be given;
    /// `Conflict` with `LastProtectedRoleHolder`, which is found out in one step with the change:
    /// of two racing calls that would together leave no holder, one fails.
    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User>;

    /// Takes the account away from the scope's tenant, and keeps the account.
    ///
    /// # Errors
    /// As [`UserDirectory::change_membership`].
    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()>;

    /// Changes what is the account's own.
    ///
    /// If the address is taken but the names differ, the names are changed all the same and the
    /// failure is told in [`AccountUpdate`].
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope says; `Conflict` with `EmailTaken` if nothing else was
    /// to be changed.
    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate>;

    /// Sets the account's password. A blocked account stays blocked.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_password`] says; `RejectedValue` with
    /// `WeakPassword`.
    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User>;

    /// Deletes the account, for every tenant.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as the scope says; `Conflict` with `LastProtectedRoleHolder` for
    /// any tenant, found out in one step with the deletion.
    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()>;

    /// Whether the directory takes calls at all. Touches no tenant's data.
    async fn check_ready(&self) -> PortResult<()>;
}

/// What came of [`UserDirectory::attach_or_create`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachOutcome {
    /// The account, as it now is.
    pub user: User,
    /// Whether it was created, and not merely attached.
    pub created: bool,
}

/// A change of which at least a part was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The account, as it now is.
    pub user: User,
    /// Why the rest was not made; empty if all of it was.
    pub failures: Vec<Conflict>,
}
