//! What stands behind the service: every test runs on both adapters.
//!
//! The test binary `api` has people in memory. `api_on_auth0`, made of the same sources, has them
//! in a stand-in for Auth0, and so has the example `matrix_auth0`. The stand-in's search lags behind
//! by two seconds and orders ties as it likes, and its connection wants what the memory adapter
//! wants of a password.

use std::sync::Arc;

use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
use auth0_sim::{Connection, Control, Sim, Switches};
use domain::{RoleCatalogue, Timestamp};
use memory_adapter::MemoryDirectory;
use ports::contract::ManualClock;
use ports::{Clock, PasswordCheck, UserDirectory};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

/// Whether this binary is the one on Auth0.
pub(crate) const ON_AUTH0: bool =
    matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"api_on_auth0" | b"matrix_auth0");

/// The directory of one test.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) directory: Arc<dyn UserDirectory>,
    pub(crate) passwords: Arc<dyn PasswordCheck>,
    /// The stand-in and where it runs.
    behind: Option<Behind>,
}

#[derive(Debug)]
struct Behind {
    sim: Sim,
    runtime: Option<Runtime>,
}

/// A runtime cannot end where futures are waited for, which is where tests drop it.
impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store {
    /// A directory with the people of these lines, which are a seed of the memory adapter.
    pub(crate) async fn with(
        people: &str,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) -> Self {
        if ON_AUTH0 {
            Self::on_auth0(people, roles, clock).await
        } else {
            Self::in_memory(people, roles, clock)
        }
    }

    fn in_memory(people: &str, roles: &Arc<RoleCatalogue>, clock: &Arc<ManualClock>) -> Self {
        let memory = MemoryDirectory::new(Arc::clone(roles), Arc::clone(clock) as Arc<dyn Clock>);
        memory.load_seed(people.as_bytes()).unwrap();
        let memory = Arc::new(memory);
        Self { directory: Arc::clone(&memory) as _, passwords: memory, behind: None }
    }

    async fn on_auth0(people: &str, roles: &Arc<RoleCatalogue>, clock: &Arc<ManualClock>) -> Self {
        // Apart from the test's own, which may be busy with something that waits for an answer.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = auth0_sim::Config {
            clock: Arc::new(SimClock(Arc::clone(clock))),
            switches: Switches {
                search_lag_millis: 2000,
                unstable_ties: true,
                // Usher's own limits are under test, and they are the same in memory.
                brute_force_threshold: u64::MAX,
                logins_per_minute: 0,
                ..Switches::default()
            },
            connections: vec![Connection { min_length: Some(8), ..Connection::default() }],
            ..auth0_sim::Config::default()
        };
        let sim = runtime.spawn(Sim::start(config)).await.unwrap().unwrap();
        let behind = Behind { sim, runtime: Some(runtime) };
        behind.seed(people, clock.now());
        let directory = behind.directory(roles, clock);
        Self { directory: Arc::clone(&directory) as _, passwords: directory, behind: Some(behind) }
    }

    /// Looks inside the stand-in, if people are in one.
    pub(crate) fn auth0(&self) -> Option<&Control> {
        self.behind.as_ref().map(|behind| behind.sim.control())
    }

    /// Has these people instead, and remembers nothing of those before. In memory their passwords
    /// are left out, since hashing them takes long: those of the beginning are the ones that count.
    pub(crate) fn put(
        &mut self,
        people: &str,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) {
        if let Some(behind) = &self.behind {
            behind.sim.control().reset();
            behind.seed(people, clock.now());
            let directory = behind.directory(roles, clock);
            (self.directory, self.passwords) = (Arc::clone(&directory) as _, directory);
        } else {
            let lines = people.trim().lines().map(without_password);
            self.directory = Self::in_memory(&lines.collect::<String>(), roles, clock).directory;
        }
    }
}

impl Behind {
    fn seed(&self, people: &str, now: Timestamp) {
        for line in people.lines().filter(|line| !line.trim().is_empty()) {
            self.sim.control().seed(as_auth0_has_it(line, now)).unwrap();
        }
    }

    /// A directory that has seen nobody yet.
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
    let mut person: Value = serde_json::from_str(line).unwrap();
    person.as_object_mut().unwrap().remove("password");
    format!("{person}\n")
}

/// The stand-in lives by the same clock.
#[derive(Debug)]
struct SimClock(Arc<ManualClock>);

impl auth0_sim::Clock for SimClock {
    fn now_millis(&self) -> i64 {
        self.0.now().as_unix_millis()
    }
}

/// A line of the memory adapter's seed, as Auth0 has such an account.
fn as_auth0_has_it(line: &str, now: Timestamp) -> Value {
    let person: Map<String, Value> = serde_json::from_str(line).unwrap();
    let mut user = Map::new();
    for (ours, theirs) in [
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
        if let Some(value) = person.get(ours) {
            user.insert(theirs.to_owned(), value.clone());
        }
    }
    // As old as the process, as in memory. Auth0 dates each account's last change, and no change to
    // come is dated earlier.
    user.entry("created_at").or_insert_with(|| json!(now.to_string()));
    user.entry("updated_at").or_insert_with(|| json!(now.to_string()));
    let account = json!({
        "home": person.get("homeTenant"),
        "service_user": person.get("serviceUser").unwrap_or(&json!(false)),
    });
    let mut metadata = Map::from_iter([("usher".to_owned(), account)]);
    for (tenant, role) in person.get("tenants").and_then(Value::as_object).into_iter().flatten() {
        metadata.insert(format!("usher_tenant_{tenant}"), json!({ "role": role }));
    }
    user.insert("app_metadata".to_owned(), Value::Object(metadata));
    Value::Object(user)
}
