//! What the use cases ask of their ports: what, in which order, and what they make of failures.
//!
//! The ports are mocks. One that is asked for something that the test did not announce fails the
//! test, so a bench without announcements is one that must not be asked at all. How the use cases
//! behave with real accounts behind them is in `behaviour.rs`, and over HTTP in `http-actix`.
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
mod operations;
mod passwords;
mod support;
