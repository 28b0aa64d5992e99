//! API tests of the service over HTTP, on the adapter that the test target chooses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test panics on unexpected results"
)]

pub(crate) mod support;

mod call_context;
mod change_password;
mod completion;
mod field_errors;
pub(crate) mod framework_errors;
mod full_lists;
mod health;
mod hostile_issuer;
mod isolation;
mod limits;
pub(crate) mod matrix;
pub(crate) mod model;
mod openapi;
mod overload;
mod paging;
mod roles;
mod shared_accounts;
mod single_flight;
mod slow_bodies;
mod smoke;
mod tenant_users;
pub(crate) mod tokens;
mod users;
