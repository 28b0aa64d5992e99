//! Roles of the tenant, and their assignment to users.

pub(crate) mod assignments;
pub(crate) mod endpoints;
pub(crate) mod store;
