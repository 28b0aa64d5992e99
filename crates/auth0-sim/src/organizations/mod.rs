//! Organizations, their members, and the roles of members.

pub(crate) mod endpoints;
pub(crate) mod member_roles;
pub(crate) mod members;
pub(crate) mod store;
