//! The service with the real key source and hostile issuers on loopback.
//!
//! Whatever an issuer sends, its own callers get a response of the contract within bounded time,
//! callers of other issuers are unaffected, and no other server is contacted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step ends the test"
)]

mod fixture;
mod floods;
mod issuer;
mod key_sets;
mod key_sources;
mod responses;
mod slow_responses;

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../api/support/mod.rs"]
mod support;
