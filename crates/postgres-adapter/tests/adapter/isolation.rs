//! Row-level security: what a wrong or missing context lets a statement reach, past the adapter.

use conformance::{Caller, acme, globex, new_user};
use ports::UserDirectory as _;
use tokio_postgres::{Client, NoTls};

use crate::world::World;

/// Every table that has rows of tenants.
const TABLES: [&str; 3] = ["usher.account", "usher.membership", "usher.whole_account"];

/// Returns a database with one user of each of two tenants.
async fn world() -> Option<World> {
    let world = World::new()?;
    let directory = world.standard_directory().await;
    for (tenant, name) in [(acme(), "ada"), (globex(), "bob")] {
        let scope = Caller::operator().writes(&tenant);
        directory.create(&scope, new_user(name, "owner")).await.unwrap();
    }
    Some(world)
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_context_shows_no_row() {
    let Some(world) = world().await else { return };
    for role in [&world.roles.service, &world.roles.owner] {
        let client = client(&world.database.url_for(role)).await;
        for table in TABLES {
            assert_eq!(count(&client, table).await, 0, "{table} as {}", role.name);
        }
        let found = "SELECT count(*) FROM usher.reached_accounts(ARRAY(SELECT 'usher|1'))";
        assert_eq!(client.query_one(found, &[]).await.unwrap().get::<_, i64>(0), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn context_shows_rows_of_its_tenant_only() {
    let Some(world) = world().await else { return };
    let client = client(&world.database.url_for(&world.roles.service)).await;
    for (tenants, expected) in [("{acme}", 1), ("{acme,globex}", 2), ("{other}", 0), ("{}", 0)] {
        client.batch_execute("BEGIN").await.unwrap();
        let enter = "SELECT usher.enter($1::text::text[], false, '{}')";
        client.execute(enter, &[&tenants]).await.unwrap();
        for table in TABLES {
            assert_eq!(count(&client, table).await, expected, "{table} in {tenants}");
        }
        client.batch_execute("COMMIT").await.unwrap();
        // The context ends with the transaction.
        assert_eq!(count(&client, "usher.membership").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn context_changes_rows_of_its_tenant_only() {
    let Some(world) = world().await else { return };
    let client = client(&world.database.url_for(&world.roles.service)).await;
    let enter = "BEGIN; SELECT usher.enter('{acme}', false, '{}');";
    for (statement, changed) in [
        ("UPDATE usher.membership SET role = 'viewer'", 1),
        ("UPDATE usher.membership SET role = 'viewer' WHERE tenant = 'globex'", 0),
        ("UPDATE usher.account SET blocked = true", 1),
        ("DELETE FROM usher.membership WHERE tenant = 'globex'", 0),
        ("DELETE FROM usher.account WHERE home = 'globex'", 0),
    ] {
        client.batch_execute(enter).await.unwrap();
        assert_eq!(client.execute(statement, &[]).await.unwrap(), changed, "{statement}");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    client.batch_execute(enter).await.unwrap();
    let moved = client.execute("UPDATE usher.membership SET tenant = 'globex'", &[]).await;
    assert_eq!(moved.unwrap_err().code().unwrap().code(), "42501");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_cannot_turn_row_level_security_off() {
    let Some(world) = world().await else { return };
    let client = client(&world.database.url_for(&world.roles.service)).await;
    for statement in [
        "ALTER TABLE usher.account DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE usher.account NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY account_of_tenant ON usher.account",
        "CREATE TABLE usher.other (id text)",
        "SET ROLE usher_owner",
    ] {
        let error = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn superuser_is_recognised() {
    let Some(world) = World::new() else { return };
    for (database, expected) in [
        (world.connect(), false),
        (world.connect_as(&world.roles.owner), false),
        (crate::world::connect(&world.database.url()), true),
    ] {
        assert_eq!(database.bypasses_row_security().await.unwrap(), expected);
    }
}
