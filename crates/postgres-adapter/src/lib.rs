//! The ports on PostgreSQL: a directory of accounts of its own, which any number of processes share.
//!
//! - [`Database`]: a pool of connections, made of a [`DatabaseConfig`]; it migrates its schema
//!   ([`Database::migrate`]).
//! - [`PostgresDirectory`]: accounts, memberships and passwords.
//!
//! Guarantees beyond the ports:
//! - Each change is one transaction, on the newest state of the account, whose row it locks; the
//!   caller's row is locked too, so that it keeps its roles until the change is committed. The
//!   isolation level is READ COMMITTED: what a change depends on is locked before it is read. Lists
//!   are read at REPEATABLE READ.
//! - Unique constraints decide conflicts of addresses and usernames, never a check before.
//! - Of two changes that would together leave a tenant without the holder of a protected role, one
//!   fails: they take an advisory lock of the tenant for the length of their transactions.
//! - A transaction that another one prevents, or whose connection is lost before it is committed, is
//!   tried again. If the connection is lost during the commit, another one asks for its outcome; if
//!   nobody can tell, the result is [`ports::PortError::Timeout`].
//! - A call whose caller gives up is rolled back, or has been committed as a whole.
//! - Row-level security shows a transaction no row of a tenant that its scope does not cover, except
//!   by four functions that answer what a decision depends on. Statements that are about one tenant
//!   name it as well.
//! - Lists have exactly the order of [`domain::Sort`], whatever locale the database has: the texts
//!   that the database sorts by are made here.
//! - Passwords have at least 8 characters, and are stored as Argon2id hashes in the PHC string
//!   format. A hash with weaker parameters is renewed when its password is next checked.
//!
//! There is no mail here, and no last login.

#![warn(clippy::future_not_send)]

mod config;
mod database;
mod directory;
mod schema;

pub use config::{DatabaseConfig, DatabaseUrl, InvalidDatabaseUrl};
pub use database::{Database, OpenError};
pub use directory::PostgresDirectory;
pub use schema::{SCHEMA_VERSION, SchemaError};
