//! Auth0's APIs, as far as they are used.

pub(crate) mod app_metadata;
pub(crate) mod client;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod error_table;
pub(crate) mod params;
pub(crate) mod password_grant;
pub(crate) mod requests;
pub(crate) mod search_query;
pub(crate) mod token;
pub(crate) mod wire;
