//! The ports on Auth0's terms.

pub(crate) mod auth0_directory;
pub(crate) mod core;
pub(crate) mod listing;
mod lock_key;
mod passwords;
mod pending_reblocks;
mod random_password;
mod recent_writes;
mod reload;
mod users;
