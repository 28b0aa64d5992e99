//! Users: store, search index, and endpoints of the Management API.

pub(crate) mod checks;
pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod delete;
pub(crate) mod find_by_email;
pub(crate) mod identities;
pub(crate) mod index;
pub(crate) mod link;
pub(crate) mod metadata;
pub(crate) mod passwords;
pub(crate) mod patch;
pub(crate) mod profile;
pub(crate) mod read;
mod schema;
mod seed;
pub(crate) mod store;
pub(crate) mod user;
pub(crate) mod user_blocks;
