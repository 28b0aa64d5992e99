//! Servers that are stopped or killed.

use postgres_testkit::{Options, dedicated};

use crate::{folder, server_pid, value};

#[test]
fn commits_survive_kill_with_fsync() {
    let Some(mut cluster) = dedicated(Options { fsync: true, ..Options::default() }) else {
        return;
    };
    let database = cluster.database().unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(value(&database, &format!("SHOW {setting}")), "on", "{setting}");
    }
    database.execute("CREATE TABLE t (n int)").unwrap();
    for round in 1..=3 {
        database.execute("INSERT INTO t VALUES (1)").unwrap();
        let old = server_pid(&folder(&cluster.url()));
        cluster.kill().unwrap();
        assert!(database.execute("INSERT INTO t VALUES (1)").is_err());
        cluster.restart().unwrap();
        assert_ne!(server_pid(&folder(&cluster.url())), old);
        assert_eq!(value(&database, "SELECT count(*) FROM t"), round.to_string());
    }
}

#[test]
fn stopped_server_starts_again_without_fsync() {
    let Some(mut cluster) = dedicated(Options::default()) else { return };
    let database = cluster.database().unwrap();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(value(&database, &format!("SHOW {setting}")), "off", "{setting}");
    }
    assert_eq!(value(&database, "SHOW max_connections"), "200");
    database.execute("CREATE TABLE t (n int)").unwrap();
    cluster.stop().unwrap();
    assert!(database.execute("SELECT 1").is_err());
    cluster.restart().unwrap();
    assert_eq!(value(&database, "SELECT count(*) FROM t"), "0");
}
