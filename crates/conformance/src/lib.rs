//! The conformance suite: what every adapter must do, as tests.
//!
//! A case is an async function over a [`Subject`], named after the requirement that it tests. One
//! macro per port turns each of its cases into a test:
//!
//! | macro | modules of cases | subject |
//! |---|---|---|
//! | [`directory_suite!`] | [`users`], [`accounts`], [`attach_or_create`], [`memberships`], [`protected`], [`isolation`], [`listing`], [`proof`], [`ways_out`], [`caller_role`], [`views`], [`races`] | [`Subject`] |
//! | [`password_suite!`] | [`passwords`] | [`Subject`] |
//! | [`one_step_suite!`] | [`one_step`], for directories that read and write in one step | [`Subject`] |
//! | [`key_source_suite!`] | [`keys`] | [`KeySubject`] |
//!
//! An adapter writes an async function that makes a fresh subject and names it to the macros, in a
//! test file of its own. That crate needs `tokio` with `macros` and `rt-multi-thread`:
//!
//! ```
//! use std::sync::Arc;
//!
//! use conformance::{ManualClock, StoreControl, StoredAccount, Subject, catalogue};
//! use domain::{RoleCatalogue, UserId};
//! use memory_adapter::MemoryDirectory;
//! use ports::UserDirectory;
//!
//! conformance::directory_suite!(subject);
//! conformance::password_suite!(subject);
//!
//! async fn subject() -> Subject {
//!     let clock = Arc::new(ManualClock::new());
//!     let directory = Arc::new(MemoryDirectory::new(catalogue(), clock.clone()));
//!     let store = Box::new(Store(Arc::clone(&directory)));
//!     Subject { directory: directory.clone(), passwords: directory, clock, store }
//! }
//!
//! #[derive(Debug)]
//! struct Store(Arc<MemoryDirectory>);
//!
//! #[async_trait::async_trait]
//! impl StoreControl for Store {
//!     async fn insert(&self, account: StoredAccount) -> UserId {
//!         # let _ = account;
//!         todo!("write the account into the store, past the ports")
//!     }
//!
//!     async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory> {
//!         Arc::new(self.0.under_catalogue(catalogue))
//!     }
//! }
//! ```
//!
//! To add a case: write it into the module of its subject, with two tenants in play, and add it to
//! the macro's list in `suites.rs`; `tests/suites.rs` fails if it is missing there. Scopes come
//! from the policy only, through [`Caller`].
//!
//! [`ManualClock`], [`user`], [`catalogue`](catalogue()) and the other values are for all tests of
//! the workspace, also for those that run no suite. Nothing here is ever part of the program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests, although they are compiled as a library"
)]

mod caller;
mod catalogue;
mod clock;
mod subject;
mod suites;
mod values;

pub mod accounts;
pub mod attach_or_create;
pub mod caller_role;
pub mod isolation;
pub mod keys;
pub mod listing;
pub mod memberships;
pub mod one_step;
pub mod passwords;
pub mod proof;
pub mod protected;
pub mod races;
pub mod users;
pub mod views;
pub mod ways_out;

pub use caller::{Caller, acme, context, globex};
pub use catalogue::{catalogue, role};
pub use clock::ManualClock;
pub use keys::{IssuerControl, KeySubject, PublishedKey};
pub use subject::{StoreControl, StoreEvent, StoredAccount, Subject, select};
pub use values::{address, new_member, new_user, user, valid};
