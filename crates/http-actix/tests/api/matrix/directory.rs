//! A directory that can be put back to its beginning, and that counts what is written to it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use auth0_sim::Control;
use conformance::ManualClock;
use domain::{
    AccountChange, AccountScope, CurrentPassword, ListQuery, MembershipChange, NewMember, NewUser,
    Page, Password, RoleCatalogue, TenantScope, User, UserId,
};
use ports::{
    AccountUpdate, AttachOutcome, PasswordCheck, PasswordVerdict, PortResult, UserDirectory,
};
use serde_json::json;
use usher_http::settings;

use super::people::people;
use crate::support::Store;

/// Everybody, again and again.
#[derive(Debug)]
pub(crate) struct Resettable {
    store: RwLock<Store>,
    seed: String,
    roles: Arc<RoleCatalogue>,
    clock: Arc<ManualClock>,
    writes: AtomicUsize,
}

impl Resettable {
    /// Everybody has this password.
    pub(crate) async fn new(password: &str) -> Self {
        let line = |person: &super::people::Person| {
            let mut line = person.line.clone();
            line["password"] = json!(password);
            format!("{line}\n")
        };
        let seed: String = people().iter().map(line).collect();
        let (roles, clock) = (settings::load_defaults().unwrap().roles, Arc::default());
        let store = RwLock::new(Store::with(&seed, &roles, &clock).await);
        let new = Self { store, seed, roles, clock, writes: AtomicUsize::new(0) };
        new.reset();
        new
    }

    /// Puts everybody back.
    pub(crate) fn reset(&self) {
        self.store.write().unwrap().put(&self.seed, &self.roles, &self.clock);
    }

    /// How many changes were made so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    /// Looks inside the stand-in for Auth0, if that is where they are.
    pub(crate) fn auth0(&self) -> Option<Control> {
        self.store.read().unwrap().auth0().cloned()
    }

    fn now(&self) -> Arc<dyn UserDirectory> {
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
impl PasswordCheck for Resettable {
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
impl UserDirectory for Resettable {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>> {
        self.now().find(scope, id).await
    }

    async fn list(&self, scope: &TenantScope, listing: &ListQuery) -> PortResult<Page> {
        self.now().list(scope, listing).await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        self.count(self.now().create(scope, new).await)
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        self.count(self.now().attach_or_create(scope, new_member).await)
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        self.count(self.now().change_membership(scope, snapshot, change).await)
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        self.count(self.now().detach(scope, snapshot).await)
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        self.count(self.now().change_account(scope, snapshot, change).await)
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        self.count(self.now().set_password(scope, snapshot, password).await)
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        self.count(self.now().delete(scope, snapshot).await)
    }

    async fn check_ready(&self) -> PortResult<()> {
        self.now().check_ready().await
    }
}
