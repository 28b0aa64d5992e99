//! A directory that can be put back to its beginning, and that counts what is written to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, Enlistment, Listing, MembershipChange, NewUser, Page, Password,
    TenantScope, User, UserId,
};
use ports::contract::ManualClock;
use ports::{Applied, Enlisted, PortResult, UserDirectory};
use serde_json::Value;
use usher_http::settings;

use crate::support::{PEOPLE, Store};

/// [`PEOPLE`], again and again.
#[derive(Debug)]
pub(crate) struct Resettable {
    store: RwLock<Store>,
    writes: AtomicUsize,
}

impl Resettable {
    pub(crate) async fn new() -> Self {
        Self { store: RwLock::new(people().await), writes: AtomicUsize::new(0) }
    }

    /// Puts everybody back.
    pub(crate) async fn reset(&self) {
        let store = people().await;
        *self.store.write().unwrap() = store;
    }

    /// How many changes were made so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
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

/// Passwords are left out: hashing them takes long, and they are checked elsewhere.
async fn people() -> Store {
    let line = |line| {
        let mut person: Value = serde_json::from_str(line).unwrap();
        person.as_object_mut().unwrap().remove("password");
        format!("{person}\n")
    };
    let seed: String = PEOPLE.trim().lines().map(line).collect();
    let roles = settings::load_defaults().unwrap().roles;
    Store::with(&seed, &roles, &Arc::new(ManualClock::new())).await
}

#[async_trait]
impl UserDirectory for Resettable {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>> {
        self.now().find(scope, id).await
    }

    async fn list(&self, scope: &TenantScope, listing: &Listing) -> PortResult<Page> {
        self.now().list(scope, listing).await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        self.count(self.now().create(scope, new).await)
    }

    async fn enlist(&self, scope: &TenantScope, enlistment: Enlistment) -> PortResult<Enlisted> {
        self.count(self.now().enlist(scope, enlistment).await)
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        seen: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        self.count(self.now().change_membership(scope, seen, change).await)
    }

    async fn detach(&self, scope: &TenantScope, seen: &User) -> PortResult<()> {
        self.count(self.now().detach(scope, seen).await)
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        seen: &User,
        change: AccountChange,
    ) -> PortResult<Applied> {
        self.count(self.now().change_account(scope, seen, change).await)
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        seen: &User,
        password: Password,
    ) -> PortResult<User> {
        self.count(self.now().set_password(scope, seen, password).await)
    }

    async fn delete(&self, scope: &AccountScope, seen: &User) -> PortResult<()> {
        self.count(self.now().delete(scope, seen).await)
    }

    async fn ready(&self) -> PortResult<()> {
        self.now().ready().await
    }
}
