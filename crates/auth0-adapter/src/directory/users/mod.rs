//! Accounts and memberships in Auth0: one file for each kind of operation.
//!
//! Common to all:
//! - A change locks what it depends on, renews the scope with the caller's present role
//!   ([`super::step`]), takes the latest known state of the account ([`super::recent_writes`]), asks
//!   the scope for authorization, and sends one `PATCH` with what changes; nothing if nothing does.
//! - The response to a write is the result, and is recorded as the latest state.
//! - What another process could undo at the same moment is read once more ([`secured_change`]).

mod account;
pub(crate) mod account_reader;
mod accounts_by_email;
mod attach;
mod create;
mod invitation;
mod membership;
mod protected_roles;
mod release;
mod secured_change;
mod trust;
pub(crate) mod username_support;
