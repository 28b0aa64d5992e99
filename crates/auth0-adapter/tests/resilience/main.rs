//! Behaviour when Auth0 fails, is slow, or sends malformed responses, judged by the requests that
//! the stand-in counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod circuit;
mod deadlines;
mod malformed_responses;
mod mixed_up_responses;
mod observer;
mod quota_sharing;
mod rate_limits;
mod readiness;
mod recording_observer;
mod retries;
mod spans;
mod support;
mod tls;
mod tokens;
