//! Accounts and memberships in Auth0: one file for each kind of operation.
//!
//! What they have in common:
//! - A change takes the locks of what it rests on, takes the newest state that is known
//!   ([`crate::recent`]), asks the scope about that, and sends one `PATCH` of what it changes.
//! - What Auth0 answers to a write is the answer, and is remembered as the newest state.

mod account;
pub(crate) mod account_reader;
mod attach;
mod create;
mod email_match;
mod membership;
mod protected_roles;
pub(crate) mod username_support;
