//! What the inside of Usher asks of the outside.
//!
//! - [`UserDirectory`]: where the accounts are kept.
//! - [`PasswordCheck`]: whether somebody knows an account's password.
//! - [`KeySource`]: where the public keys of token issuers come from.
//! - [`Clock`]: what time it is.
//! - [`UpstreamObserver`]: who is told of the calls that adapters make outside.
//! - [`CallContext`]: the inbound call within which all of them are asked.
//!
//! Rules that every port keeps:
//! - It speaks domain types only: no JSON, no HTTP, no vendor's words.
//! - A method that touches tenant data takes a [`domain::TenantScope`] or a
//!   [`domain::AccountScope`], which only the policy can make.
//! - A method that changes something asks the scope again about the account as it then is, in the
//!   same step as the change if the store can do that.
//! - Reads answer `Option`; a command on something absent, or hidden from the scope, answers
//!   [`PortError::NotFound`].
//! - It is object-safe, and held as `Arc<dyn …>`.
//!
//! To add a method: say in its doc comment what an implementation must answer and when; add its
//! cases to the crate `conformance`, each with two tenants in play; then implement it in every
//! adapter, whose tests run all cases by one macro.
//!
//! The feature `mock` adds `MockUserDirectory` and a mock of each other port.

#![warn(clippy::future_not_send)]

mod call;
mod clock;
mod error;
mod error_chain;
mod key_source;
mod password_check;
mod upstream;
mod user_directory;

pub use call::{CallContext, QuotaOwner};
pub use clock::{Clock, SystemClock};
pub use error::{BoxError, Conflict, PortError, PortResult, RejectedValue};
pub use error_chain::error_chain;
pub use key_source::{Curve, KeyMaterial, KeySetLocation, KeySource, KeySourceError, PublicKey};
pub use password_check::{PasswordCheck, PasswordVerdict};
pub use upstream::{
    CircuitState, NoopObserver, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest,
};
pub use user_directory::{AccountUpdate, AttachOutcome, UserDirectory};

#[cfg(feature = "mock")]
pub use {
    clock::MockClock, key_source::MockKeySource, password_check::MockPasswordCheck,
    upstream::MockUpstreamObserver, user_directory::MockUserDirectory,
};
