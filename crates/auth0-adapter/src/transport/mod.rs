//! Sends requests to Auth0, whatever they are.

pub(crate) mod backoff;
pub(crate) mod call_kind;
mod circuit_breaker;
pub(crate) mod client;
mod rate_gate;
pub(crate) mod rate_limit_headers;
pub(crate) mod request;
mod request_record;
pub(crate) mod response;
pub(crate) mod retry;
