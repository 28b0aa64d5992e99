//! The stand-in over HTTP, driven by a plain client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod binary;
mod control;
mod faults;
mod keys;
mod links;
mod logins;
mod mail;
mod management_tokens;
mod organizations;
mod rate_limits;
mod support;
mod tenant_settings;
mod tls;
