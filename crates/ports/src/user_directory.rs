//! The directory of accounts.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, MembershipChange, NewMember, NewUser, Page, PageRequest, Password,
    Sort, TenantId, TenantScope, User, UserId,
};

use crate::error::{Conflict, PortResult};
use crate::full_list::FullList;

/// The directory of accounts and their memberships.
///
/// The `snapshot` of a change is the account as [`UserDirectory::find`] returned it during the same
/// call. An implementation that reads and writes in one step reads again and uses only its id; one
/// that cannot may rely on the snapshot to save a second read. Either way it checks the scope on the
/// newest state that it has, and returns `NotFound` or `Refused` as the scope decides. Changes of
/// roles, detachments and deletions go through the scope's [`Decision`](domain::Decision).
///
/// The caller may have lost its role since the scope was made. Every change therefore renews the
/// scope in the same step, by [`TenantScope::renew`] or [`AccountScope::renew`] with the caller's
/// account as it then is.
///
/// Returned users are whole; [`TenantScope::view`] and [`AccountScope::view`] reduce them to what
/// the caller may see. Lists are selected from such views.
///
/// A stored role that is not in the catalogue is no membership: not shown, not counted, not listed.
///
/// Every method may return `Unavailable`, `Timeout` or `Failed`.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserDirectory: Debug + Send + Sync {
    /// Returns the account with this id, if it exists and the scope sees it.
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>>;

    /// Returns one page of the tenant's users in this order, and the total. Earlier changes by the
    /// same process are included.
    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page>;

    /// Returns all users of the tenant in this order, as they are at one moment during the call.
    /// Earlier changes by the same process are included; later ones are not, however long the list
    /// takes to be read.
    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList>;

    /// Creates an account whose home is the scope's tenant, attached to it.
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `EmailTaken` or
    /// `UsernameTaken`; `Rejected` with `WeakPassword`. Nothing is created then.
    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User>;

    /// Attaches the account with the address to the scope's tenant, or creates one at home there.
    ///
    /// Several accounts with the address are decided by [`TenantScope::account_to_attach`]. The
    /// account is attached by [`User::attach`], with a new id. A pending membership is confirmed in
    /// the same way.
    ///
    /// # Errors
    /// `Refused` if the scope does not allow the role; `Conflict` with `AlreadyAttached`, if there is
    /// a membership that is not pending, or `AmbiguousAccount`. Of concurrent calls for one address
    /// and tenant, one succeeds.
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

    /// Removes the account's membership in the scope's tenant, and keeps the account. The scope may
    /// be that of [`leave_scope`](domain::policy::leave_scope).
    ///
    /// # Errors
    /// As [`UserDirectory::change_membership`].
    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()>;

    /// Changes the account's own e-mail address and names.
    ///
    /// If the address is taken but the names differ, the names are changed and [`AccountUpdate`]
    /// reports the failure. The credential stamp changes in the same step as the address, by
    /// [`AccountScope::stamp_after_address`]. A change to the values that are there changes nothing.
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

    /// Sets the account's password. A blocked account stays blocked. The credential stamp changes in
    /// the same step, by [`AccountScope::stamp_after_password`].
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
    /// `NotFound` or `Refused` as the scope decides; `Conflict` with `LastProtectedRoleHolder` for a
    /// tenant whose rule holds for the caller, checked in one step with the deletion.
    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()>;

    /// Moves the account's home to another tenant that it is attached to, or clears it.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_operator`] decides; `Conflict` with
    /// `NotAttached`.
    async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User>;

    /// Vouches that the account is the person's own: its address is verified, and no credential
    /// stamp is open. Or withdraws that: its address is not verified.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_operator`] decides; `Rejected` with
    /// `Unsupported` if the account's connection decides it.
    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User>;

    /// Has the directory send the mails that the person needs to prove that the account is its own:
    /// a link to verify the address, and one to set a password, whichever is missing.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`TenantScope::authorize_invitation`] decides; `Conflict` with
    /// `MailUnavailable` if the directory sends no mail.
    async fn send_invitation(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()>;

    /// Removes memberships in the scope's tenant, and homes there, of at most `limit` accounts. The
    /// rule about protected roles does not hold.
    ///
    /// # Errors
    /// `Refused` as [`TenantScope::authorize_release`] decides.
    async fn release_tenant(&self, scope: &TenantScope, limit: usize)
    -> PortResult<ReleaseOutcome>;

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

/// The outcome of one step of [`UserDirectory::release_tenant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseOutcome {
    /// The number of accounts changed.
    pub done: u64,
    /// The number of accounts left to change, as far as it is known.
    pub left: u64,
}
