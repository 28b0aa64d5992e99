//! How long keys are cached, and how much the cache may hold.

use std::time::Duration;

use super::first_fetches::FirstFetchLimits;

/// How long keys are cached, and how often they are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCacheSettings {
    /// The least time between two fetches for unknown keys of one issuer, the longest backoff after
    /// fetches that fail, and the time for which an issuer that does not exist is remembered.
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
    /// Concurrent fetches for issuers whose keys were fetched before.
    pub(super) concurrent_refetches: usize,
    /// First fetches for issuers that the settings do not name.
    pub(super) first_fetches: FirstFetchLimits,
}

impl CacheLimits {
    pub(super) const DEFAULT: Self = Self {
        issuers: 10_000,
        concurrent_refetches: 16,
        first_fetches: FirstFetchLimits { concurrent: 32, per_network: 4, waiting: 1024 },
    };
}
