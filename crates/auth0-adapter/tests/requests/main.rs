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

mod changes;
mod creation;
mod giving_up;
mod panics;
mod passwords;
mod protected;
mod reload;
mod usernames;
