//! A directory that can be reset and that counts writes.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use auth0_sim::Control;
use conformance::ManualClock;
use domain::{
    AccountChange, AccountScope, CurrentPassword, MembershipChange, NewMember, NewUser, Page,
    PageRequest, Password, RoleCatalogue, Sort, TenantId, TenantScope, User, UserId,
};
use ports::{
    AccountUpdate, AttachOutcome, FullList, PasswordCheck, PasswordVerdict, PortResult,
    ReleaseOutcome, UserDirectory,
};
use serde_json::json;
use usher_http::settings;

use super::users::seed_users;
use crate::support::Store;

/// The seed users, restored on each reset.
#[derive(Debug)]
pub(crate) struct ResettableDirectory {
    store: RwLock<Store>,
    seed: String,
    roles: Arc<RoleCatalogue>,
    clock: Arc<ManualClock>,
    writes: AtomicUsize,
}

impl ResettableDirectory {
    /// Creates a directory in which all users have this password.
    pub(crate) async fn new(password: &str) -> Self {
        let line = |user: &super::users::SeedUser| {
            let mut line = user.line.clone();
            line["password"] = json!(password);
            format!("{line}\n")
        };
        let seed: String = seed_users().iter().map(line).collect();
        let (roles, clock) = (settings::load_defaults().unwrap().roles, Arc::default());
        let store = RwLock::new(Store::seeded(&seed, &roles, &clock).await);
        let new = Self { store, seed, roles, clock, writes: AtomicUsize::new(0) };
        new.reset();
        new
    }

    /// Restores the seed users.
    pub(crate) fn reset(&self) {
        self.store.write().unwrap().reseed(&self.seed, &self.roles, &self.clock);
    }

    /// Returns the number of successful writes.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Returns the control of the Auth0 stand-in, if the adapter under test uses it.
    pub(crate) fn auth0(&self) -> Option<Control> {
        self.store.read().unwrap().auth0().cloned()
    }

    fn current(&self) -> Arc<dyn UserDirectory> {
        Arc::clone(&self.store.read().unwrap().directory)
    }

    fn count<T>(&self, result: PortResult<T>) -> PortResult<T> {
        if result.is_ok() {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        result
    }
}

#[async_trait]
impl PasswordCheck for ResettableDirectory {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let passwords = Arc::clone(&self.store.read().unwrap().passwords);
        passwords.verify(scope, snapshot, offered, client).await
    }
}

#[async_trait]
impl UserDirectory for ResettableDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>> {
        self.current().find(scope, id).await
    }

    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        self.current().list_page(scope, sort, page).await
    }

    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        self.current().list_all(scope, sort).await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        self.count(self.current().create(scope, new).await)
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        self.count(self.current().attach_or_create(scope, new_member).await)
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        self.count(self.current().change_membership(scope, snapshot, change).await)
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        self.count(self.current().detach(scope, snapshot).await)
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        self.count(self.current().change_account(scope, snapshot, change).await)
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        self.count(self.current().set_password(scope, snapshot, password).await)
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        self.count(self.current().delete(scope, snapshot).await)
    }

    async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        self.count(self.current().move_home(scope, snapshot, home).await)
    }

    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User> {
        self.count(self.current().set_email_verified(scope, snapshot, verified).await)
    }

    async fn send_invitation(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        self.count(self.current().send_invitation(scope, snapshot).await)
    }

    async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        self.count(self.current().release_tenant(scope, limit).await)
    }

    async fn check_ready(&self) -> PortResult<()> {
        self.current().check_ready().await
    }
}
