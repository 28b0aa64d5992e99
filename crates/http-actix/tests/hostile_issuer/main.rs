//! The real service with the real source of keys, and issuers on loopback that lie, stall, flood
//! and lead astray.
//!
//! Whatever an issuer does, its own callers get an answer of the contract within bounded time, the
//! callers of others notice nothing, and nobody is asked who is no issuer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod answers;
mod canary;
mod floods;
mod issuer;
mod key_sets;
mod slowness;
mod world;

#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "../api/support/mod.rs"]
mod support;
