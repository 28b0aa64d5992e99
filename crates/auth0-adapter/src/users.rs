//! Accounts and memberships in Auth0: one file for each kind of operation.
//!
//! What they have in common:
//! - A change takes the locks of what it rests on, takes the newest state that is known
//!   ([`crate::recent`]), asks the scope about that, and sends one `PATCH` of what it changes.
//! - What Auth0 answers to a write is the answer, and is remembered as the newest state.

mod account;
mod create;
mod enlist;
mod membership;
mod protected;
mod read;
mod usernames;

use domain::User;

use crate::wire::Set;

pub(crate) use read::{Reader, Readers};
pub(crate) use usernames::Memory as UsernameMemory;

/// The change of the account's own name from one state to the next.
fn renamed(before: &User, after: &User) -> Set<String> {
    match &after.display_name {
        Some(name) if before.display_name != after.display_name => {
            Set::To(name.as_str().to_owned())
        }
        Some(_) | None => Set::Keep,
    }
}
