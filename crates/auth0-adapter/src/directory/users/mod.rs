//! Accounts and memberships in Auth0: one file for each kind of operation.
//!
//! Common to all:
//! - A change locks what it depends on, takes the latest known state ([`super::recent_writes`]),
//!   asks the scope for authorization, and sends one `PATCH` with what changes; nothing if
//!   nothing does.
//! - The response to a write is the result, and is recorded as the latest state.

mod account;
pub(crate) mod account_reader;
mod accounts_by_email;
mod attach;
mod create;
mod membership;
mod protected_roles;
pub(crate) mod username_support;
