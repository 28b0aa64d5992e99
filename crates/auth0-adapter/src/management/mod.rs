//! Auth0's APIs: requests, tokens, wire format and errors, as far as they are used.
//!
//! Adding a call takes its types in [`wire`], its request in [`requests`], a method in [`client`]
//! that names its retry policy, and a row in the tables of `tests/resilience`.

pub(crate) mod app_metadata;
pub(crate) mod client;
pub(crate) mod decode;
pub(crate) mod directory_clock;
pub(crate) mod error;
pub(crate) mod error_table;
pub(crate) mod page_cache;
pub(crate) mod params;
pub(crate) mod password_grant;
pub(crate) mod requests;
mod search_parts;
pub(crate) mod search_query;
pub(crate) mod token;
pub(crate) mod wire;
