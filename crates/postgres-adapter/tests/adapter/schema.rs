//! Migrations, also of several processes at once.

use postgres_adapter::{Database, SCHEMA_VERSION, SchemaError};

use crate::world::{World, connect};

/// Returns an empty database, and two processes that use it as its owner.
fn empty() -> Option<(postgres_testkit::Database, Database, Database)> {
    let database = postgres_testkit::shared()?.database().unwrap();
    let (one, other) = (connect(&database.url()), connect(&database.url()));
    Some((database, one, other))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_migrate_once() {
    let Some((_database, one, other)) = empty() else { return };
    assert!(matches!(one.check_schema().await, Err(SchemaError::Older { found: 0 })));
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    let mut migrated = first.unwrap();
    migrated.extend(second.unwrap());
    assert_eq!(migrated, (1..=SCHEMA_VERSION).collect::<Vec<_>>());
    one.check_schema().await.unwrap();
    assert_eq!(one.migrate().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_schema_is_refused() {
    let Some(world) = World::new() else { return };
    let newer = SCHEMA_VERSION + 1;
    let insert = format!("INSERT INTO usher.schema_version (version) VALUES ({newer})");
    world.database.execute(&insert).unwrap();
    let database = world.connect_as(&world.roles.owner);
    for error in [database.check_schema().await.unwrap_err(), database.migrate().await.unwrap_err()]
    {
        assert!(matches!(error, SchemaError::Newer { found } if found == newer), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sort_keys_are_made_once() {
    let Some(world) = World::new() else { return };
    let directory = world.standard_directory().await;
    assert_eq!(directory.prepare().await.unwrap(), 0);
    let stored = world.database.query("SELECT value FROM usher.setting").unwrap();
    let version = stored[0][0].clone().unwrap();
    assert!(version.contains("attach=verified") && version.contains("unicode="), "{version}");
}
