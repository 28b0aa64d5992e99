//! Databases of tests, and templates.

use std::sync::atomic::{AtomicUsize, Ordering};

use postgres_testkit::{Error, shared};
use tokio_postgres::NoTls;

use crate::{value, wait_until};

#[test]
fn databases_are_separate() {
    let Some(cluster) = shared() else { return };
    let (one, other) = (cluster.database().unwrap(), cluster.database().unwrap());
    one.execute("CREATE TABLE t (n int)").unwrap();
    assert!(one.query("SELECT n FROM t").unwrap().is_empty());
    let error = other.query("SELECT n FROM t").unwrap_err();
    assert!(error.to_string().contains("relation \"t\" does not exist"), "{error}");
}

#[test]
fn dropped_handle_drops_the_database_with_its_connections() {
    let Some(cluster) = shared() else { return };
    let (kept, dropped) = (cluster.database().unwrap(), cluster.database().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config: tokio_postgres::Config = dropped.url().parse().unwrap();
    let (client, connection) = runtime.block_on(config.connect(NoTls)).unwrap();
    runtime.spawn(connection);
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", dropped.name());
    assert_eq!(value(&kept, &sql), "1");
    drop(dropped);
    wait_until("the database is dropped", || value(&kept, &sql) == "0");
    assert!(runtime.block_on(client.simple_query("SELECT 1")).is_err());
}

#[test]
fn text_order_is_that_of_bytes() {
    let Some(cluster) = shared() else { return };
    let database = cluster.database().unwrap();
    assert_eq!(value(&database, "SHOW server_encoding"), "UTF8");
    assert_eq!(
        value(&database, "SELECT string_agg(t, '' ORDER BY t) FROM unnest('{b,ä,B,a}'::text[]) t"),
        "Babä"
    );
}

#[test]
fn template_is_prepared_once_for_racing_tests() {
    static PREPARED: AtomicUsize = AtomicUsize::new(0);
    let Some(cluster) = shared() else { return };
    let prepare = |url: String| async move {
        PREPARED.fetch_add(1, Ordering::Relaxed);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        // Its connection stays open for a moment, as those of a pool do.
        tokio::spawn(connection);
        client.batch_execute("CREATE TABLE t (n int); INSERT INTO t VALUES (7)").await
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let template = cluster.template("prepared", prepare).unwrap();
                let database = cluster.database_from(&template).unwrap();
                assert_eq!(value(&database, "DELETE FROM t RETURNING n"), "7");
            });
        }
    });
    assert_eq!(PREPARED.load(Ordering::Relaxed), 1);
}

#[test]
fn failed_template_is_prepared_again() {
    let Some(cluster) = shared() else { return };
    let failed = cluster.template("failing", |_| async { Err("no such file") });
    assert!(matches!(failed, Err(Error::Template { name, .. }) if name == "failing"));
    let panicked = cluster.template("failing", |_| async {
        assert!(std::hint::black_box(false), "planned");
        Ok::<(), Error>(())
    });
    assert!(matches!(panicked, Err(Error::Template { .. })));
    cluster.template("failing", |_| async { Ok::<(), Error>(()) }).unwrap();
}

#[tokio::test]
async fn async_test_can_use_and_drop_everything() {
    let Some(cluster) = shared() else { return };
    let template = cluster.template("async", |_| async { Ok::<(), Error>(()) }).unwrap();
    let database = cluster.database_from(&template).unwrap();
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let row = client.query_one("SELECT current_database()", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), database.name());
}
