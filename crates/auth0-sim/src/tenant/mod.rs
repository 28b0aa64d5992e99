//! The configuration of the tenant as the Management API shows it.

pub(crate) mod clients;
pub(crate) mod connections;
