//! The port calls of the use cases: which, in which order, and what failures become.
//!
//! The ports are mocks. A call that the test did not expect fails the test, so ports without
//! expectations must not be called at all. `behaviour.rs` tests the use cases over real accounts, and
//! `http-actix` over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod attempts;
mod authorizer;
mod behaviour;
mod errors;
mod invitations;
mod operations;
mod passwords;
mod support;
