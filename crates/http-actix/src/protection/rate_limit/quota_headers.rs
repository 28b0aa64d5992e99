//! The remaining quotas of a caller, as response headers.
//!
//! The fields are those of draft-ietf-httpapi-ratelimit-headers-11, lists of structured fields (RFC
//! 9651): `RateLimit-Policy: "writes";q=1200;w=60` and `RateLimit: "writes";r=1199;t=1`.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The length of a rate limit's window, in seconds.
pub(super) const WINDOW_SECONDS: u32 = 60;

/// The header with the size of each quota.
pub(crate) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The header with the remaining part of each quota.
pub(crate) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What remains of the quotas that one request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuotaHeaders(Vec<QuotaItem>);

/// What remains of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuotaItem {
    name: &'static str,
    limit: NonZeroU32,
    remaining: u32,
    /// The time until the quota is full, or, for a rejected request, until it suffices for one.
    reset: Duration,
    rejected: bool,
}

impl QuotaItem {
    pub(super) fn accepted(name: &'static str, limit: NonZeroU32, remaining: u32) -> Self {
        let (all, used) =
            (u64::from(limit.get()), u64::from(limit.get().saturating_sub(remaining)));
        let reset = Duration::from_secs((used * u64::from(WINDOW_SECONDS)).div_ceil(all));
        Self { name, limit, remaining, reset, rejected: false }
    }

    pub(super) fn rejected(name: &'static str, limit: NonZeroU32, wait: Duration) -> Self {
        Self { name, limit, remaining: 0, reset: wait, rejected: true }
    }

    fn reset_seconds(&self) -> u64 {
        self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0)
    }
}

impl FromIterator<QuotaItem> for QuotaHeaders {
    fn from_iter<I: IntoIterator<Item = QuotaItem>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl QuotaHeaders {
    /// Returns how long the caller must wait, if a quota is exhausted.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.iter().filter(|item| item.rejected).map(|item| item.reset).max()
    }

    /// Adds both headers, if there are quotas.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let policy = self.0.iter().map(|QuotaItem { name, limit, .. }| {
            format!("\"{name}\";q={limit};w={WINDOW_SECONDS}")
        });
        let remaining = self.0.iter().map(|item| {
            format!("\"{}\";r={};t={}", item.name, item.remaining, item.reset_seconds())
        });
        for (name, items) in [
            (RATELIMIT_POLICY, policy.collect::<Vec<_>>()),
            (RATELIMIT, remaining.collect::<Vec<_>>()),
        ] {
            if let Ok(value) = HeaderValue::try_from(items.join(", "))
                && !items.is_empty()
            {
                headers.insert(name, value);
            }
        }
    }
}
