//! The binary `usher`, as whoever runs it sees it: what it prints, what it says is wrong, and how
//! it ends.
//!
//! Each run has an environment and folders of its own, and listens on whichever port is free.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

mod auth0;
mod auth0_settings;
mod check_config;
mod check_issuers;
mod commands;
mod dev;
mod drain;
mod issuer;
mod leaks;
mod log;
mod observed;
mod reload;
mod serve;
mod slow_clients;
mod smuggling;
mod stop;
mod support;
mod upgrade;
mod wire;

#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "../api/support/keys.rs"]
mod keys;
