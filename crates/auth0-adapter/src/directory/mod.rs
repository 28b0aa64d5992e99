//! The directory: implements the ports in Auth0's terms.
//!
//! [`auth0_directory`] has the port methods, [`directory_core`] what their operations share,
//! [`users`] and [`passwords`] the operations, and [`listing`] the lists.

pub(crate) mod account_connections;
pub(crate) mod auth0_directory;
pub(crate) mod directory_core;
pub(crate) mod listing;
mod lock_key;
mod passwords;
mod pending_reblocks;
mod random_password;
mod recent_writes;
mod reload;
mod shared_reads;
mod stamps;
mod step;
mod users;
