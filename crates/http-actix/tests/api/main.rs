//! API tests of the service over HTTP, on the memory adapter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test panics on unexpected results"
)]

mod support;

mod call_context;
mod change_password;
mod field_errors;
mod framework_errors;
mod health;
mod isolation;
mod limits;
mod matrix;
mod model;
mod openapi;
mod overload;
mod paging;
mod smoke;
mod tenant_users;
mod tokens;
mod users;
