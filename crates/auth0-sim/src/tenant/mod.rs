//! The tenant's configuration in the Management API.

pub(crate) mod clients;
pub(crate) mod connections;
