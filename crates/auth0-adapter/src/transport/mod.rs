//! Transport: sends a request and returns its response, whatever the request is.
//!
//! [`retry`] sends again within the deadline, [`rate_gate`] queues calls while Auth0's rate limit
//! is exhausted, [`circuit_breaker`] stops calling an Auth0 that fails, [`client`] sends, and
//! [`request_record`] reports each attempt.

pub(crate) mod backoff;
pub(crate) mod call_kind;
mod circuit_breaker;
pub(crate) mod client;
mod connections;
mod rate_gate;
pub(crate) mod rate_limit_headers;
pub(crate) mod request;
mod request_record;
pub(crate) mod response;
pub(crate) mod retry;
