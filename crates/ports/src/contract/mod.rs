//! The contract suite: what every adapter has to keep, as tests.
//!
//! A clause is an async function over a [`Subject`] whose name is the sentence that it holds an
//! adapter to. One macro for each port makes a test of each of its clauses:
//!
//! | macro | clauses | subject |
//! |---|---|---|
//! | [`directory_contract!`](crate::directory_contract) | [`users`], [`accounts`], [`new_member`], [`memberships`], [`protected`], [`isolation`], [`listing`], [`races`] | [`Subject`] |
//! | [`password_contract!`](crate::password_contract) | [`passwords`] | [`Subject`] |
//! | [`one_step_contract!`](crate::one_step_contract) | [`one_step`], for directories that read and write in one step | [`Subject`] |
//! | [`key_source_contract!`](crate::key_source_contract) | [`keys`] | [`KeySubject`] |
//!
//! An adapter writes an async function that makes a fresh subject, and names it to the macros in
//! a test file of its own (which needs `tokio` with `macros` and `rt-multi-thread`):
//!
//! ```text
//! async fn subject() -> ports::contract::Subject { … }
//!
//! ports::directory_contract!(subject);
//! ports::password_contract!(subject);
//! ```
//!
//! To add a clause: write it into the file of its subject, with two tenants in play, and add it to
//! the macro's list in `clauses.rs`; `tests/clauses.rs` fails if it is forgotten there. Scopes are
//! made by the policy only, through [`Caller`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests, although they are compiled as a library"
)]

mod caller;
mod clauses;
mod subject;

pub mod accounts;
pub mod enlistment;
pub mod isolation;
pub mod keys;
pub mod listing;
pub mod memberships;
pub mod one_step;
pub mod passwords;
pub mod protected;
pub mod races;
pub mod users;

pub use caller::{Caller, acme, globex};
pub use keys::{KeyBackstage, KeySubject, Published};
pub use subject::{Backstage, ManualClock, Planted, Subject, catalogue};
