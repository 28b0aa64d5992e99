//! The stand-in over HTTP, by a plain client.

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
mod limits;
mod logins;
mod management_tokens;
mod organizations;
mod support;
mod tenant;
mod tls;
