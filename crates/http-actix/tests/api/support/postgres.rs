//! The directory in PostgreSQL: a database for each test, cloned from a migrated one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use conformance::ManualClock;
use domain::{AccountRules, RoleCatalogue, Timestamp};
use password_hashing::Hasher;
use postgres_adapter::{Database, DatabaseConfig, DatabaseUrl, PostgresDirectory};
use postgres_testkit::{Cluster, Role, Template};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::NoTls;

/// The role of the service, without the rights of the schema's owner.
fn service() -> Role {
    Role { name: "usher_service".to_owned(), password: "secret".to_owned() }
}

/// A database of one test.
#[derive(Debug)]
pub(super) struct PostgresStore {
    database: postgres_testkit::Database,
    /// The database as the service uses it. Its connections outlast a directory.
    service: Database,
}

/// The runtime of all connections, apart from those of the tests, which a test may block. A service
/// that is stopping needs it longer than its test.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

impl PostgresStore {
    /// Creates a database without accounts. Ends the process with success where no server is
    /// installed, because every test needs one.
    pub(super) fn new() -> Self {
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        let Some(cluster) = postgres_testkit::shared() else { std::process::exit(0) };
        let template = TEMPLATE.get_or_init(|| template(cluster));
        let database = cluster.database_from(template).unwrap();
        let service = connect(&database.url_for(&service()), runtime().handle().clone());
        Self { database, service }
    }

    /// Replaces all accounts by those of the seed, as an operator of the database would.
    pub(super) fn seed(&self, users: &str, now: Timestamp) {
        let lines = users.lines().filter(|line| !line.trim().is_empty());
        let inserts: String = lines.map(|line| insert(line, now)).collect();
        let sql = format!(
            "BEGIN; DELETE FROM usher.account; {inserts} \
             DELETE FROM usher.setting WHERE name = 'sort_keys'; COMMIT"
        );
        self.database.execute(&sql).unwrap();
    }

    /// Returns a new directory in the database.
    pub(super) fn directory(
        &self,
        roles: &Arc<RoleCatalogue>,
        clock: &Arc<ManualClock>,
    ) -> Arc<PostgresDirectory> {
        let database = self.service.clone();
        let (roles, clock) = (Arc::clone(roles), Arc::clone(clock) as _);
        let directory = PostgresDirectory::new(database, roles, AccountRules::default(), clock);
        let directory = Arc::new(directory);
        let prepared = Arc::clone(&directory);
        run(runtime().handle(), async move { prepared.prepare().await.unwrap() });
        directory
    }
}

/// Runs a future on the runtime, and blocks the thread, which may be one of another runtime.
fn run<T: Send + 'static>(runtime: &Handle, future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    runtime.spawn(async move { sender.send(future.await).unwrap() });
    receiver.recv().unwrap()
}

fn connect(url: &str, runtime: Handle) -> Database {
    let url = DatabaseUrl::parse(&url.to_owned().into()).unwrap();
    // A busy machine takes its time.
    let connect_timeout = Duration::from_mins(2);
    Database::new(&DatabaseConfig { connect_timeout, ..DatabaseConfig::new(url) }, runtime).unwrap()
}

fn template(cluster: &Cluster) -> Template {
    let template = cluster.template("usher", |superuser| async move {
        let (client, connection) = tokio_postgres::connect(&superuser, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(include_str!("../../../../postgres-adapter/roles.sql")).await?;
        for role in ["usher_owner", "usher_service"] {
            client.batch_execute(&format!("ALTER ROLE {role} PASSWORD 'secret'")).await?;
        }
        let owner = superuser.replace("//postgres@", "//usher_owner:secret@");
        connect(&owner, Handle::current()).migrate().await.unwrap();
        Ok::<(), tokio_postgres::Error>(())
    });
    template.unwrap()
}

/// Returns a value as an SQL literal.
fn literal(value: Option<&str>) -> String {
    value.map_or("NULL".to_owned(), |value| format!("'{}'", value.replace('\'', "''")))
}

/// Returns the statements that insert the account of a line of the memory adapter's seed.
fn insert(line: &str, now: Timestamp) -> String {
    let seed: Map<String, Value> = serde_json::from_str(line).unwrap();
    let text = |key: &str| literal(seed.get(key).and_then(Value::as_str));
    let flag = |key: &str| seed.get(key).and_then(Value::as_bool).unwrap_or(false);
    let created_at = match text("createdAt") {
        missing if missing == "NULL" => literal(Some(&now.to_string())),
        given => given,
    };
    let password = seed.get("password").and_then(Value::as_str).map(phc);
    let id = match text("id") {
        missing if missing == "NULL" => format!("'auth0|' || {}", text("email")),
        given => given,
    };
    let mut sql = format!(
        "INSERT INTO usher.account (id, email, username, given_name, family_name, display_name, \
         service_user, blocked, password, home, email_verified, stamp_sets_address, created_at, \
         updated_at, last_login, version) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, false, {created_at}, {}, {}, 1);",
        id,
        text("email").to_lowercase(),
        text("username"),
        text("firstName"),
        text("lastName"),
        text("name"),
        flag("serviceUser"),
        flag("blocked"),
        literal(password.as_deref()),
        text("homeTenant"),
        flag("emailVerified"),
        text("updatedAt"),
        text("lastLogin"),
    );
    let tenants = seed.get("tenants").and_then(Value::as_object).into_iter().flatten();
    let memberships = tenants.map(|(tenant, role)| {
        format!(
            "INSERT INTO usher.membership (tenant, account, role, suspended, id_key, \
             username_key, email_key, first_name_key, last_name_key, created_key) \
             VALUES ({}, {}, {}, false, '', '', '', '', '', now());",
            literal(Some(tenant)),
            id,
            literal(role.as_str()),
        )
    });
    sql.extend(memberships);
    sql
}

/// Returns the hash of a password, which is computed once.
fn phc(password: &str) -> String {
    static HASHES: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    let mut hashes = HASHES.lock().unwrap();
    let hashes = hashes.get_or_insert_default();
    if let Some(hash) = hashes.get(password) {
        return hash.clone();
    }
    let new = password.parse().unwrap();
    let hash = run(runtime().handle(), async move {
        Hasher::default().hash_to_phc(new).await.unwrap().to_phc()
    });
    hashes.insert(password.to_owned(), hash.clone());
    hash
}
