//! The adapter on a throw-away server. Tests pass without doing anything where none is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

mod conformance;
mod crashes;
mod isolation;
mod lists;
mod replicas;
mod schema;
mod world;
