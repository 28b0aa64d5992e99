//! What is asked of Auth0, and what comes of it when things go wrong on the way. Each test has a
//! stand-in of its own and looks at what that was asked.

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
