//! A stand-in for Auth0 with a manual clock, and directories over it.
//!
//! Every test has its own world; none waits for the machine's clock.

#![allow(dead_code, reason = "each group of tests uses its own part of this")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
use auth0_sim::{Config, Control, Sim};
use conformance::{Caller, ManualClock, acme, catalogue, select};
use domain::{
    ListQuery, MembershipChange, NewMember, NewUser, RoleCatalogue, TenantId, User, UserId,
};
use ports::{Clock, NoopObserver, UserDirectory};
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

pub(crate) const CREATE: &str = "POST /api/v2/users";
pub(crate) const PATCH: &str = "PATCH /api/v2/users/{id}";
pub(crate) const DELETE: &str = "DELETE /api/v2/users/{id}";
pub(crate) const GET: &str = "GET /api/v2/users/{id}";
pub(crate) const BY_EMAIL: &str = "GET /api/v2/users-by-email";
pub(crate) const SEARCH: &str = "GET /api/v2/users";
pub(crate) const TOKEN: &str = "POST /oauth/token client_credentials";
pub(crate) const LOG_IN: &str = "POST /oauth/token password-realm";
pub(crate) const MAIL: &str = "POST /dbconnections/change_password";

/// Adapts the manual clock to the stand-in.
#[derive(Debug)]
struct SimClock(Arc<ManualClock>);

impl auth0_sim::Clock for SimClock {
    fn now_millis(&self) -> i64 {
        self.0.now().as_unix_millis()
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: Auth0Config,
    pub(crate) directory: Arc<Auth0Directory>,
    /// The writes of the directory that are in flight.
    pub(crate) writes: TaskTracker,
}

fn tasks() -> Tasks {
    Tasks {
        runtime: Handle::current(),
        writes: TaskTracker::new(),
        observer: Arc::new(NoopObserver),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| (), |_| ()).await
    }

    /// With other settings of the stand-in and of the directory.
    pub(crate) async fn with(
        change: impl FnOnce(&mut Config),
        configure: impl FnOnce(&mut Auth0Config),
    ) -> Self {
        let clock = Arc::new(ManualClock::new());
        let mut settings = Config { clock: Arc::new(SimClock(clock.clone())), ..Config::default() };
        change(&mut settings);
        let sim = Sim::start(settings).await.unwrap();
        let mut config = Auth0Config::new(
            sim.url().parse().unwrap(),
            "usher".to_owned(),
            "usher-secret".to_owned().into(),
            "Username-Password-Authentication".to_owned(),
        );
        configure(&mut config);
        let tasks = tasks();
        let writes = tasks.writes.clone();
        let directory =
            Auth0Directory::new(config.clone(), catalogue(), clock.clone(), tasks).unwrap();
        Self { sim, clock, config, directory: Arc::new(directory), writes }
    }

    /// Another directory over the same accounts, as in another process.
    pub(crate) fn another_directory(&self, catalogue: Arc<RoleCatalogue>) -> Auth0Directory {
        Auth0Directory::new(self.config.clone(), catalogue, self.clock.clone(), tasks()).unwrap()
    }

    /// Waits until no write is in flight, as at shutdown.
    pub(crate) async fn finish_writes(&self) {
        self.writes.close();
        self.writes.wait().await;
        self.writes.reopen();
    }

    pub(crate) fn control(&self) -> &Control {
        self.sim.control()
    }

    /// Returns the calls since the last time, except token requests.
    pub(crate) fn take_calls(&self) -> BTreeMap<String, u64> {
        let mut calls = self.control().calls();
        calls.remove(TOKEN);
        self.control().reset_calls();
        calls
    }

    /// Stores the account, given as the Management API shows it.
    pub(crate) fn seed(&self, user: Value) -> UserId {
        self.control().seed(user).unwrap().parse().unwrap()
    }

    /// Finds an account as an operator.
    pub(crate) async fn find(&self, id: &UserId) -> Option<User> {
        self.directory
            .find(&Caller::operator().views(), id)
            .await
            .unwrap()
            .map(Arc::unwrap_or_clone)
    }

    pub(crate) async fn create(&self, name: &str, role: &str) -> User {
        let scope = Caller::of([acme()]).writes(&acme());
        self.directory.create(&scope, new_user(name, role)).await.unwrap()
    }

    pub(crate) async fn list(&self, tenant: &TenantId, listing: ListQuery) -> Listed {
        let scope = Caller::of([tenant.clone()]).reads(tenant);
        let page = select(&*self.directory, &scope, listing).await.unwrap();
        let users = page.users.iter().map(|view| User::clone(view)).collect();
        Listed { users, total: page.total }
    }
}

/// A page of a list: the users as the tenant sees them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) users: Vec<User>,
    pub(crate) total: u64,
}

/// Call counts by route, as [`World::take_calls`] returns them.
pub(crate) fn calls<const N: usize>(calls: [(&str, u64); N]) -> BTreeMap<String, u64> {
    calls.into_iter().map(|(route, count)| (route.to_owned(), count)).collect()
}

pub(crate) fn new_user(name: &str, role: &str) -> NewUser {
    NewUser {
        email: email(name),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        role: catalogue().resolve(role).unwrap().clone(),
        password: None,
    }
}

pub(crate) fn new_member(name: &str, role: &str) -> NewMember {
    let role = catalogue().resolve(role).unwrap().clone();
    NewMember { email: email(name), role, name: None }
}

pub(crate) fn to_role(role: &str) -> MembershipChange {
    MembershipChange { role: Some(catalogue().resolve(role).unwrap().clone()), name: None }
}

pub(crate) fn email(name: &str) -> domain::EmailAddress {
    format!("{name}@example.com").parse().unwrap()
}

/// An account as the Management API shows it, with these roles by tenant.
pub(crate) fn account<const N: usize>(name: &str, roles: [(&str, &str); N]) -> Value {
    let mut metadata = Map::new();
    for (tenant, role) in roles {
        metadata.insert(format!("usher_tenant_{tenant}"), json!({ "role": role }));
    }
    json!({
        "user_id": format!("auth0|{name}"),
        "email": format!("{name}@example.com"),
        "app_metadata": metadata,
    })
}

/// Delays the search index by two seconds of the world's clock, and changes the order of ties each
/// time.
pub(crate) fn lagging_search(settings: &mut Config) {
    settings.switches.search_lag_millis = 2000;
    settings.switches.unstable_ties = true;
}

/// Sets a shorter timeout, for tests without a response.
pub(crate) fn short_timeout(config: &mut Auth0Config) {
    config.timeout = Duration::from_secs(1);
}
