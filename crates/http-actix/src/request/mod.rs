//! Parts of a request, read strictly and only when a handler calls for them.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod client_address;
mod json_members;
pub(crate) mod json_object;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod trusted_proxies;
pub(crate) mod validation;
