//! A directory that can be put back to its beginning, and that counts what is written to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, Enlistment, Listing, MembershipChange, NewUser, Page, Password,
    TenantScope, User, UserId,
};
use memory_adapter::MemoryDirectory;
use ports::contract::ManualClock;
use ports::{Applied, Enlisted, PortResult, UserDirectory};
use serde_json::Value;
use usher_http::settings;

use crate::support::PEOPLE;

/// [`PEOPLE`] in memory, again and again.
#[derive(Debug)]
pub(crate) struct Resettable {
    people: RwLock<Arc<MemoryDirectory>>,
    writes: AtomicUsize,
}

impl Resettable {
    pub(crate) fn new() -> Self {
        Self { people: RwLock::new(people()), writes: AtomicUsize::new(0) }
    }

    /// Puts everybody back.
    pub(crate) fn reset(&self) {
        *self.people.write().unwrap() = people();
    }

    /// How many changes were made so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    fn now(&self) -> Arc<MemoryDirectory> {
        Arc::clone(&self.people.read().unwrap())
    }

    fn count<T>(&self, result: PortResult<T>) -> PortResult<T> {
        if result.is_ok() {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        result
    }
}

/// Passwords are left out: hashing them takes long, and they are checked elsewhere.
fn people() -> Arc<MemoryDirectory> {
    let line = |line| {
        let mut person: Value = serde_json::from_str(line).unwrap();
        person.as_object_mut().unwrap().remove("password");
        format!("{person}\n")
    };
    let seed: String = PEOPLE.trim().lines().map(line).collect();
    let roles = settings::load_defaults().unwrap().roles;
    let directory = MemoryDirectory::new(roles, Arc::new(ManualClock::new()));
    directory.load_seed(seed.as_bytes()).unwrap();
    Arc::new(directory)
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
