//! The requests that operations make, and their results when requests fail. Each test has its own
//! stand-in for Auth0, and inspects the requests it received.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

#[path = "../world/mod.rs"]
mod world;

mod cancellation;
mod changes;
mod creation;
mod panics;
mod passwords;
mod protected_roles;
mod reload;
mod usernames;
