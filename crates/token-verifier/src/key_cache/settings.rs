//! How long keys are cached, and how much the cache may hold.

use std::time::Duration;

/// How long keys are cached, and how often they are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCacheSettings {
    /// The least time between two fetches for unknown keys of one issuer, and the longest backoff
    /// after fetches that fail.
    pub cooldown: Duration,
    /// The age at which keys are fetched again, in the background, when they are used.
    pub refresh: Duration,
    /// The age at which keys are no longer used.
    pub stale_bound: Duration,
}

impl Default for KeyCacheSettings {
    fn default() -> Self {
        Self {
            cooldown: Duration::from_secs(30),
            refresh: Duration::from_mins(5),
            stale_bound: Duration::from_hours(1),
        }
    }
}

/// Bounds on what a flood of invented issuers can use up.
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheLimits {
    /// Cached issuers.
    pub(super) issuers: usize,
    /// Concurrent fetches: this many for issuers whose keys were fetched before, and again this
    /// many for issuers without keys.
    pub(super) concurrent_fetches: usize,
    /// First fetches that run or wait for a permit; further ones are rejected.
    pub(super) pending_first_fetches: usize,
}

impl CacheLimits {
    pub(super) const DEFAULT: Self =
        Self { issuers: 10_000, concurrent_fetches: 8, pending_first_fetches: 64 };
}
