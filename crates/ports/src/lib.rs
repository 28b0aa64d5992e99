//! The ports: traits through which use cases reach the directory, keys and clock.
//!
//! - [`UserDirectory`]: stores the accounts; [`FullList`] is a list of any length.
//! - [`PasswordCheck`]: checks an account's current password.
//! - [`KeySource`]: fetches the public keys of token issuers.
//! - [`Clock`]: tells the time.
//! - [`UpstreamObserver`]: receives measurements of the requests that adapters send.
//! - [`CallContext`]: the inbound call on whose behalf a port is called.
//!
//! Rules for every port:
//! - It uses domain types only: no JSON, no HTTP, no vendor terms.
//! - A method that touches tenant data takes a [`domain::TenantScope`] or a
//!   [`domain::AccountScope`], which only the policy can make.
//! - A method that changes something checks the scope again on the newest state of the account, in
//!   the same step as the change if the store can do that.
//! - Reads return `Option`; a command on an account that is missing, or hidden from the scope,
//!   returns [`PortError::NotFound`].
//! - It is object-safe and held as `Arc<dyn …>`.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use domain::{AccountScope, User, UserId};
//! use ports::{PortError, PortResult, UserDirectory};
//!
//! async fn get(
//!     directory: &dyn UserDirectory,
//!     scope: &AccountScope,
//!     id: &UserId,
//! ) -> PortResult<Arc<User>> {
//!     directory.find(scope, id).await?.ok_or(PortError::NotFound)
//! }
//! ```
//!
//! To add a method: document what an implementation must return and when; add its cases to the crate
//! `conformance`, each with two tenants; then implement it in every adapter, whose tests run all
//! cases by one macro.
//!
//! The feature `mock` adds `MockUserDirectory` and a mock of each other port.

#![warn(clippy::future_not_send)]

mod call;
mod clock;
mod error;
mod error_chain;
mod full_list;
mod key_source;
mod loopback;
mod password_check;
mod upstream;
mod user_directory;

pub use call::{CallContext, QuotaOwner};
pub use clock::{Clock, SystemClock};
pub use error::{AccountField, BoxError, Conflict, PortError, PortResult, RejectedValue};
pub use error_chain::error_chain;
pub use full_list::FullList;
pub use key_source::{Curve, KeyMaterial, KeySetLocation, KeySource, KeySourceError, PublicKey};
pub use loopback::{is_localhost, is_loopback_host};
pub use password_check::{PasswordCheck, PasswordVerdict};
pub use upstream::{
    CircuitState, NoopObserver, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest,
};
pub use user_directory::{AccountUpdate, AttachOutcome, ReleaseOutcome, UserDirectory};

#[cfg(feature = "mock")]
pub use {
    clock::MockClock, key_source::MockKeySource, password_check::MockPasswordCheck,
    upstream::MockUpstreamObserver, user_directory::MockUserDirectory,
};
