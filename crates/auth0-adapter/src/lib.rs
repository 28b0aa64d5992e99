//! The user directory on Auth0: implements the ports for accounts and passwords with the Management
//! API.
//!
//! [`Auth0Directory`] implements [`ports::UserDirectory`] and [`ports::PasswordCheck`]; [`doctor`]
//! checks whether an Auth0 tenant is set up for Usher.
//!
//! | Usher | Auth0 |
//! |---|---|
//! | account | user of one database connection |
//! | e-mail, username, first and last name | `email`, `username`, `given_name`, `family_name` |
//! | display name | `name`; one equal to the e-mail address counts as absent, since Auth0 sets it by default |
//! | blocked, created, updated, last log-in | `blocked`, `created_at`, `updated_at`, `last_login` |
//! | home, service user | `app_metadata.<prefix>` = `{"home", "service_user"}` |
//! | membership in a tenant | `app_metadata.<prefix>_tenant_<id>` = `{"role", "m"}`, and a key for each other kind of writer; `null` removes them |
//! | proof that the account is the person's own | `email_verified`, `identities`, `last_password_reset`, and a stamp in `app_metadata` |
//! | the users of a tenant | a search for the roles under that key; each row is checked again |
//! | the current password is correct | a log-in with it succeeds (`password-realm` grant) |
//!
//! The layers, of which each imports only the ones below it:
//! - `directory/` implements the ports. It has keyed locks, an overlay of recent writes and pending
//!   re-blocks, since Auth0 has neither transactions nor a search that is up to date.
//! - `management/` knows Auth0's APIs: requests, tokens, the JSON of users, the query language, and
//!   the meaning of error responses.
//! - `transport/` sends requests within a deadline: retries, rate gates, circuit breakers, and the
//!   record of each attempt.
//!
//! Rules that apply everywhere:
//! - Nothing is sent, or waited for, past the deadline of the [`ports::CallContext`].
//! - A request that is not idempotent is sent once, unless Auth0 certainly did not process it.
//! - Responses are untrusted. Nothing of a response, or of what was sent, appears in an error or a
//!   log.
//!
//! # Example
//! ```
//! use std::error::Error;
//! use std::sync::Arc;
//!
//! use auth0_adapter::{Auth0Config, Auth0Directory, Tasks};
//! use domain::RoleCatalogue;
//! use ports::{NoopObserver, SystemClock};
//! use tokio::runtime::Handle;
//! use tokio_util::task::TaskTracker;
//!
//! fn directory(catalogue: Arc<RoleCatalogue>) -> Result<Auth0Directory, Box<dyn Error>> {
//!     let config = Auth0Config::new(
//!         "acme.eu.auth0.com".parse()?,
//!         "client-id".to_owned(),
//!         "client-secret".to_owned().into(),
//!         "Username-Password-Authentication".to_owned(),
//!     );
//!     let tasks = Tasks {
//!         runtime: Handle::current(),
//!         writes: TaskTracker::new(),
//!         observer: Arc::new(NoopObserver),
//!     };
//!     Ok(Auth0Directory::new(config, catalogue, Arc::new(SystemClock), tasks)?)
//! }
//! ```

#![warn(clippy::future_not_send)]

mod config;
mod digest;
mod directory;
pub mod doctor;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod management;
mod tasks;
mod transport;

pub use config::{
    Auth0Config, CircuitBreakerConfig, Domain, InvalidDomain, InvalidMetadataPrefix, Invite,
    MetadataPrefix,
};
pub use directory::auth0_directory::Auth0Directory;
pub use tasks::Tasks;
pub use transport::client::ClientError;
