//! Throw-away PostgreSQL clusters from the installed server, for tests and demos.
//!
//! One cluster serves all tests of a test binary, and each test has a database of its own. Tests
//! return early where no server is installed:
//!
//! ```
//! # fn main() -> Result<(), postgres_testkit::Error> {
//! let Some(cluster) = postgres_testkit::shared() else { return Ok(()) };
//! let database = cluster.database()?; // dropped with the handle
//! database.execute("CREATE TABLE note (text text); INSERT INTO note VALUES ('hello')")?;
//! assert_eq!(database.query("SELECT text FROM note")?, [[Some("hello".to_owned())]]);
//! assert!(database.url().starts_with("postgres://postgres@/test_"));
//! # Ok(())
//! # }
//! ```
//!
//! | to do this | use |
//! |---|---|
//! | run migrations once, and clone the result for each test | [`Cluster::template`], [`Cluster::database_from`] |
//! | log in as another role, with a password | [`Cluster::login_role`], [`Database::url_for`] |
//! | stop or kill the server, and start it again | [`dedicated`], [`Cluster::kill`], [`Cluster::restart`] |
//! | keep commits across crashes of the machine | [`Options::fsync`] |
//! | connect over TCP, with TLS or without | [`Options::network`], [`Database::tcp_url_for`] |
//!
//! The server is looked for in the folder that `USHER_POSTGRES_BIN` names, else in the folders of
//! Debian's packages, the newest version first, else in `PATH`. With `USHER_REQUIRE_POSTGRES=1`, a
//! missing server is a failure.
//!
//! Every function blocks the calling thread, and may be called in async code too: the work is done
//! on a runtime of this crate's own.
//!
//! The cluster disappears with its [`Cluster`], and with the process, however that ends. It is
//! readable only by the user who started it; as root, the server runs as uid 65534, because
//! PostgreSQL refuses to run as root.
//!
//! This crate knows no schema and nothing else of Usher, and is never part of the program.

mod account;
mod admin;
mod authority;
mod binaries;
mod cluster;
mod database;
mod endpoint;
mod error;
mod folder;
mod options;
mod postmaster;
mod shared;
mod watcher;

pub use authority::Authority;
pub use cluster::Cluster;
pub use database::{Database, Role, Template};
pub use error::Error;
pub use options::{Network, Options};
pub use shared::{dedicated, shared};
