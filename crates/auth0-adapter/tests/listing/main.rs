//! Lists over a search that is bounded, behind, and of changing order. The arithmetic has its own
//! tests beside it; here it is held against the stand-in, query language and all.

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
