//! Recorded requests, injected faults, rate limits.

pub(crate) mod call_log;
pub(crate) mod faults;
pub(crate) mod rate_limits;
