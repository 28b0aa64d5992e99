//! Lists over a search that is bounded, stale, and of changing order. The algorithms have unit
//! tests; these tests run them against the stand-in with its query language.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

#[path = "../world/mod.rs"]
mod world;

mod anomalies;
mod equal_moments;
mod lengths;
mod query;
mod recent_writes;
mod tenant;
