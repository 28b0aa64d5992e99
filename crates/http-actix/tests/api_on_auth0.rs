//! The API tests of `api/main.rs` on the Auth0 adapter.
//!
//! `api/support/store.rs` looks at the name of this test binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test panics on unexpected results"
)]

#[path = "api/support/mod.rs"]
mod support;

#[path = "api/call_context.rs"]
mod call_context;
#[path = "api/change_password/mod.rs"]
mod change_password;
#[path = "api/field_errors.rs"]
mod field_errors;
#[path = "api/framework_errors/mod.rs"]
mod framework_errors;
#[path = "api/health.rs"]
mod health;
#[path = "api/isolation/mod.rs"]
mod isolation;
#[path = "api/limits/mod.rs"]
mod limits;
#[path = "api/matrix/mod.rs"]
mod matrix;
#[path = "api/model/mod.rs"]
mod model;
#[path = "api/openapi/mod.rs"]
mod openapi;
#[path = "api/overload.rs"]
mod overload;
#[path = "api/paging/mod.rs"]
mod paging;
#[path = "api/smoke.rs"]
mod smoke;
#[path = "api/tenant_users/mod.rs"]
mod tenant_users;
#[path = "api/tokens/mod.rs"]
mod tokens;
#[path = "api/users/mod.rs"]
mod users;

#[test]
fn every_api_test_module_runs_on_auth0() {
    let modules = |text: &'static str| {
        text.lines().filter(|line| line.starts_with("mod ")).collect::<Vec<_>>()
    };
    let (in_memory, on_auth0) = (include_str!("api/main.rs"), include_str!("api_on_auth0.rs"));
    assert_eq!(modules(on_auth0), modules(in_memory));
}
