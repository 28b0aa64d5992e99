//! The directory under test: every test runs on each adapter.
//!
//! The test target `api` uses the memory adapter, `api_on_auth0` the Auth0 adapter with a stand-in,
//! `api_on_postgres` the PostgreSQL adapter with a throw-away database.
//! The stand-in's search lags by two seconds and returns ties in any order; its password policy is
//! that of the memory adapter.

use std::sync::Arc;

use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
use auth0_sim::{Connection, Control, Sim, Switches};
use conformance::ManualClock;
use domain::{RoleCatalogue, Timestamp};
use memory_adapter::MemoryDirectory;
use ports::{Clock, PasswordCheck, UserDirectory};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use crate::support::postgres::PostgresStore;
use crate::{ON_AUTH0, ON_POSTGRES};

/// The directory of one test.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) directory: Arc<dyn UserDirectory>,
    pub(crate) passwords: Arc<dyn PasswordCheck>,
    stand_in: Option<Auth0StandIn>,
    postgres: Option<PostgresStore>,
}

#[derive(Debug)]
struct Auth0StandIn {
    sim: Sim,
    runtime: Option<Runtime>,
}

/// A runtime must not be dropped in an async context, where tests drop this.
impl Drop for Auth0StandIn {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store {
    /// Creates a directory with the users of this seed.
    pub(crate) async fn seeded(
        users: &str,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) -> Self {
        if ON_AUTH0 {
            Self::on_auth0(users, roles, clock).await
        } else if ON_POSTGRES {
            Self::on_postgres(users, roles, clock)
        } else {
            Self::in_memory(users, roles, clock)
        }
    }

    fn in_memory(users: &str, roles: &Arc<RoleCatalogue>, clock: &Arc<ManualClock>) -> Self {
        let memory = MemoryDirectory::new(Arc::clone(roles), Arc::clone(clock) as Arc<dyn Clock>);
        memory.load_seed(users.as_bytes()).unwrap();
        let memory = Arc::new(memory);
        Self {
            directory: Arc::clone(&memory) as _,
            passwords: memory,
            stand_in: None,
            postgres: None,
        }
    }

    fn on_postgres(users: &str, roles: &Arc<RoleCatalogue>, clock: &Arc<ManualClock>) -> Self {
        let store = PostgresStore::new();
        store.seed(users, clock.now());
        let directory = store.directory(roles, clock);
        Self {
            directory: Arc::clone(&directory) as _,
            passwords: directory,
            stand_in: None,
            postgres: Some(store),
        }
    }

    async fn on_auth0(users: &str, roles: &Arc<RoleCatalogue>, clock: &Arc<ManualClock>) -> Self {
        // Apart from the test's own runtime, which a test may block.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = auth0_sim::Config {
            clock: Arc::new(SimClock(Arc::clone(clock))),
            switches: Switches {
                search_lag_millis: 2000,
                unstable_ties: true,
                // Usher's own limits are tested, which are the same in memory.
                brute_force_threshold: u64::MAX,
                logins_per_minute: 0,
                ..Switches::default()
            },
            connections: vec![Connection { min_length: Some(8), ..Connection::default() }],
            ..auth0_sim::Config::default()
        };
        let sim = runtime.spawn(Sim::start(config)).await.unwrap().unwrap();
        let stand_in = Auth0StandIn { sim, runtime: Some(runtime) };
        stand_in.seed(users, clock.now());
        let directory = stand_in.directory(roles, clock);
        Self {
            directory: Arc::clone(&directory) as _,
            passwords: directory,
            stand_in: Some(stand_in),
            postgres: None,
        }
    }

    /// Returns the control of the Auth0 stand-in, if it is used.
    pub(crate) fn auth0(&self) -> Option<&Control> {
        self.stand_in.as_ref().map(|stand_in| stand_in.sim.control())
    }

    /// Replaces all users and starts a directory without any memory of earlier ones. In memory the
    /// passwords are omitted, as hashing is slow; those of the first seed stay in effect.
    pub(crate) fn reseed(
        &mut self,
        users: &str,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) {
        if let Some(stand_in) = &self.stand_in {
            stand_in.sim.control().reset();
            stand_in.seed(users, clock.now());
            let directory = stand_in.directory(roles, clock);
            (self.directory, self.passwords) = (Arc::clone(&directory) as _, directory);
        } else if let Some(store) = &self.postgres {
            store.seed(users, clock.now());
            let directory = store.directory(roles, clock);
            (self.directory, self.passwords) = (Arc::clone(&directory) as _, directory);
        } else {
            let lines = users.trim().lines().map(without_password);
            self.directory = Self::in_memory(&lines.collect::<String>(), roles, clock).directory;
        }
    }
}

impl Auth0StandIn {
    fn seed(&self, users: &str, now: Timestamp) {
        for line in users.lines().filter(|line| !line.trim().is_empty()) {
            self.sim.control().seed(to_auth0_user(line, now)).unwrap();
        }
    }

    /// Returns a new directory over the stand-in.
    fn directory(
        &self,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) -> Arc<Auth0Directory> {
        let config = Auth0Config::new(
            self.sim.url().parse().unwrap(),
            "usher".to_owned(),
            "usher-secret".into(),
            "Username-Password-Authentication".to_owned(),
        );
        let runtime = self.runtime.as_ref().unwrap().handle().clone();
        let tasks =
            Tasks { runtime, writes: TaskTracker::new(), observer: Arc::new(ports::NoopObserver) };
        let (roles, clock) = (Arc::clone(roles), Arc::clone(clock) as _);
        Arc::new(Auth0Directory::new(config, roles, clock, tasks).unwrap())
    }
}

fn without_password(line: &str) -> String {
    let mut seed: Value = serde_json::from_str(line).unwrap();
    seed.as_object_mut().unwrap().remove("password");
    format!("{seed}\n")
}

/// The clock of the stand-in, which is that of the service.
#[derive(Debug)]
struct SimClock(Arc<ManualClock>);

impl auth0_sim::Clock for SimClock {
    fn now_millis(&self) -> i64 {
        self.0.now().as_unix_millis()
    }
}

/// Converts a line of the memory adapter's seed to an Auth0 user.
fn to_auth0_user(line: &str, now: Timestamp) -> Value {
    let seed: Map<String, Value> = serde_json::from_str(line).unwrap();
    let mut user = Map::new();
    for (seed_key, auth0_key) in [
        ("id", "user_id"),
        ("email", "email"),
        ("username", "username"),
        ("firstName", "given_name"),
        ("lastName", "family_name"),
        ("name", "name"),
        ("blocked", "blocked"),
        ("createdAt", "created_at"),
        ("updatedAt", "updated_at"),
        ("lastLogin", "last_login"),
        ("password", "password"),
    ] {
        if let Some(value) = seed.get(seed_key) {
            user.insert(auth0_key.to_owned(), value.clone());
        }
    }
    // The age of the process, as in memory: later changes must not be dated earlier.
    user.entry("created_at").or_insert_with(|| json!(now.to_string()));
    user.entry("updated_at").or_insert_with(|| json!(now.to_string()));
    let account = json!({
        "home": seed.get("homeTenant"),
        "service_user": seed.get("serviceUser").unwrap_or(&json!(false)),
    });
    let mut metadata = Map::from_iter([("usher".to_owned(), account)]);
    for (tenant, role) in seed.get("tenants").and_then(Value::as_object).into_iter().flatten() {
        metadata.insert(format!("usher_tenant_{tenant}"), json!({ "role": role }));
    }
    user.insert("app_metadata".to_owned(), Value::Object(metadata));
    Value::Object(user)
}
