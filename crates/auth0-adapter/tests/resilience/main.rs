//! What happens when Auth0 fails, is slow, or answers nonsense, by what the stand-in counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod book;
mod circuit;
mod deadlines;
mod garbage;
mod limits;
mod mix_up;
mod readiness;
mod retries;
mod sharing;
mod spans;
mod support;
mod tls;
mod tokens;
mod watch;
