//! The directory over a stand-in for Auth0, one for each test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod listing;
mod requests;
mod world;
