//! The accounts and their passwords, kept in Auth0: the Management API behind the ports.
//!
//! [`Auth0Directory`] is both a [`ports::UserDirectory`] and a [`ports::PasswordCheck`];
//! [`doctor`] says whether an Auth0 tenant is fit for it.
//!
//! | Usher | Auth0 |
//! |---|---|
//! | account | user of one database connection |
//! | e-mail, username, first and last name | `email`, `username`, `given_name`, `family_name` |
//! | display name | `name`; one that is the e-mail address is none, since Auth0 puts it there |
//! | blocked, created, updated, last log-in | `blocked`, `created_at`, `updated_at`, `last_login` |
//! | home, service user | `app_metadata.<prefix>` = `{"home", "service_user"}` |
//! | membership in a tenant | `app_metadata.<prefix>_tenant_<id>` = `{"role", "name"}`; `null` takes it away |
//! | the people of a tenant | a search for the roles below that key, each row checked again |
//! | a current password is right | a log-in with it succeeds (`password-realm` grant) |
//!
//! The way there, from the inside to the outside:
//! - `directory.rs`, `users/`, `passwords.rs` and `listing/` do what the ports promise, `keyed_lock.rs`, `lock_key.rs`
//!   and `recent.rs` help them where Auth0 has neither transactions nor a search that is up to date.
//! - `reload.rs` is what can change without a restart.
//! - `metadata.rs`, `query.rs` and `wire.rs` are the forms that things have at Auth0.
//! - `management.rs` has a method for each call that is used, `api.rs` makes the requests, each of
//!   a kind (`kind.rs`), `token.rs` has the token ready.
//! - `retry.rs` sends again what may be sent again, within the deadline; `gate.rs` has calls wait
//!   where Auth0 limits the rate, fairly among tenants; `breaker.rs` leaves an Auth0 that fails
//!   alone; `client.rs` has the one function that sends, and `report.rs` tells of it.
//! - `refusal.rs` is the one table of what Auth0 means by its errors, `error.rs` says what a port
//!   makes of them.
//!
//! Rules that hold everywhere:
//! - Nothing is sent, or waited for, past the deadline of the [`ports::CallContext`].
//! - What is not safe to repeat is sent once, unless Auth0 certainly did nothing.
//! - What Auth0 answers is garbage until shown otherwise, and nothing of it, or of what was sent,
//!   gets into an error or a log.
//!
//! To use one more call of Auth0's: its types in `wire.rs`, its request in `api.rs`, a method in
//! `management.rs` that says whether it may be repeated, and a row in the tables of
//! `tests/resilience`.

#![warn(clippy::future_not_send)]

mod config;
mod directory;
pub mod doctor;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod keyed_lock;
mod management;
mod single_flight;
mod tasks;
mod transport;

pub use config::{
    Auth0Config, CircuitBreakerConfig, Domain, InvalidDomain, InvalidMetadataPrefix, Invite,
    MetadataPrefix,
};
pub use directory::auth0_directory::Auth0Directory;
pub use tasks::Tasks;
pub use transport::client::ClientError;
