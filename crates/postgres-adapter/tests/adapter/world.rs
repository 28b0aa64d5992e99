//! A database for each test, with the roles of `roles.sql` and the schema.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use conformance::{ManualClock, catalogue};
use domain::{AccountRules, RoleCatalogue};
use postgres_adapter::{Database, DatabaseConfig, DatabaseUrl, PostgresDirectory};
use postgres_testkit::{Cluster, Role, Template};
use tokio::runtime::Handle;
use tokio_postgres::NoTls;

/// The roles that `roles.sql` makes, which all databases of the cluster share.
pub(crate) struct Roles {
    pub(crate) owner: Role,
    pub(crate) service: Role,
}

struct Prepared {
    template: Template,
    roles: Roles,
}

static PREPARED: OnceLock<Prepared> = OnceLock::new();

/// A migrated database of one test.
pub(crate) struct World {
    pub(crate) database: postgres_testkit::Database,
    pub(crate) roles: &'static Roles,
}

impl World {
    /// Returns a database without accounts, or nothing where no server is installed.
    pub(crate) fn new() -> Option<Self> {
        let cluster = postgres_testkit::shared()?;
        let prepared = PREPARED.get_or_init(|| prepare(cluster));
        let database = cluster.database_from(&prepared.template).unwrap();
        Some(Self { database, roles: &prepared.roles })
    }

    /// Returns the database as the service uses it.
    pub(crate) fn connect(&self) -> Database {
        self.connect_as(&self.roles.service)
    }

    /// Returns the database as the role uses it.
    pub(crate) fn connect_as(&self, role: &Role) -> Database {
        connect(&self.database.url_for(role))
    }

    /// Returns a directory in the database, as a process of its own would use it.
    pub(crate) async fn directory(
        &self,
        roles: Arc<RoleCatalogue>,
        clock: Arc<ManualClock>,
    ) -> Arc<PostgresDirectory> {
        let directory =
            PostgresDirectory::new(self.connect(), roles, AccountRules::default(), clock);
        directory.prepare().await.unwrap();
        Arc::new(directory)
    }

    /// As [`World::directory`], with the roles and a clock of all tests.
    pub(crate) async fn standard_directory(&self) -> Arc<PostgresDirectory> {
        self.directory(catalogue(), Arc::new(ManualClock::new())).await
    }
}

/// Returns the database at the URL.
pub(crate) fn connect(url: &str) -> Database {
    let url = DatabaseUrl::parse(&url.to_owned().into()).unwrap();
    // A busy machine takes its time.
    let connect_timeout = Duration::from_mins(2);
    let config = DatabaseConfig { connect_timeout, ..DatabaseConfig::new(url) };
    Database::new(&config, Handle::current()).unwrap()
}

fn prepare(cluster: &Cluster) -> Prepared {
    let role = |name: &str| Role { name: name.to_owned(), password: "secret".to_owned() };
    let roles = Roles { owner: role("usher_owner"), service: role("usher_service") };
    let template = cluster.template("usher", |superuser| async move {
        let (client, connection) = tokio_postgres::connect(&superuser, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(include_str!("../../roles.sql")).await?;
        for role in ["usher_owner", "usher_service"] {
            client.batch_execute(&format!("ALTER ROLE {role} PASSWORD 'secret'")).await?;
        }
        let owner = superuser.replace("//postgres@", "//usher_owner:secret@");
        connect(&owner).migrate().await.unwrap();
        Ok::<(), tokio_postgres::Error>(())
    });
    Prepared { template: template.unwrap(), roles }
}
