//! The clusters, on an installed server; skipped where there is none.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step ends the test"
)]

mod cleanup;
mod crashes;
mod databases;
mod network;
mod roles;

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Returns the folder of a cluster, which is that of the socket in its URL.
fn folder(url: &str) -> PathBuf {
    let config: Config = url.parse().unwrap();
    match &config.get_hosts()[0] {
        Host::Unix(path) => path.clone(),
        Host::Tcp(host) => panic!("{host}"),
    }
}

/// Returns the process id of a cluster's server.
fn server_pid(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().to_owned()
}

/// Whether a process runs. A zombie does not.
fn is_running(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// Waits until a condition holds. A timeout only ends a test that has failed anyway.
#[expect(clippy::disallowed_methods, reason = "another process signals nothing to wait for")]
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("never: {what}");
}

/// Returns the only value of a query.
fn value(database: &postgres_testkit::Database, sql: &str) -> String {
    database.query(sql).unwrap()[0][0].clone().unwrap()
}
