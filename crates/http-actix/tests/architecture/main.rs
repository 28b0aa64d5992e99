//! Tests of the architecture: dependencies between crates, imports within them, scopes and sizes.
//!
//! Manifests are read with `cargo metadata` and sources with `syn`, so that a comment may speak of
//! what code must not do, and a rename does not defeat a test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a failed step fails the test; syntax trees have more kinds of nodes than matter"
)]

mod arrows;
mod cycles;
mod modules;
mod pages;
mod rules;
mod scopes;
mod sizes;
