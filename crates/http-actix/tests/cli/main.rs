//! End-to-end tests of the binary `usher`: output, error messages and exit status.
//!
//! Each run has its own environment and folders, and listens on a free port.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failed step ends the test"
)]

mod api_examples;
mod auth0;
mod auth0_settings;
mod check_config;
mod check_issuers;
mod check_reports;
mod commands;
mod dev_mode;
mod dev_origins;
mod drain;
mod issuer;
mod leaks;
mod log;
mod observability;
mod raw_connection;
mod readiness;
mod reload;
mod request_smuggling;
mod rolling_update;
mod serve;
mod shutdown;
mod slow_clients;
mod support;
