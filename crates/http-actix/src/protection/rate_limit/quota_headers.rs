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

/// The maximum number of quotas that one request counts against.
const MAX_QUOTAS: usize = 3;

/// What remains of the quotas that one request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuotaHeaders([Option<QuotaItem>; MAX_QUOTAS]);

/// What remains of one quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuotaItem {
    name: &'static str,
    /// The quota's part of `RateLimit-Policy`.
    policy: HeaderValue,
    remaining: u32,
    /// The time until the quota is full, or, for a rejected request, until it suffices for one.
    reset: Duration,
    rejected: bool,
}

/// Returns a quota's part of `RateLimit-Policy`.
pub(super) fn policy_item(name: &str, limit: NonZeroU32) -> HeaderValue {
    let text = format!("\"{name}\";q={limit};w={WINDOW_SECONDS}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl QuotaItem {
    pub(super) fn accepted(
        name: &'static str,
        policy: HeaderValue,
        limit: NonZeroU32,
        remaining: u32,
    ) -> Self {
        let (all, used) =
            (u64::from(limit.get()), u64::from(limit.get().saturating_sub(remaining)));
        let reset = Duration::from_secs((used * u64::from(WINDOW_SECONDS)).div_ceil(all));
        Self { name, policy, remaining, reset, rejected: false }
    }

    pub(super) fn rejected(name: &'static str, policy: HeaderValue, wait: Duration) -> Self {
        Self { name, policy, remaining: 0, reset: wait, rejected: true }
    }

    fn reset_seconds(&self) -> u64 {
        self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0)
    }

    /// Appends the quota's part of `RateLimit`.
    fn append_remaining(&self, text: &mut Vec<u8>) {
        text.push(b'"');
        text.extend_from_slice(self.name.as_bytes());
        text.extend_from_slice(b"\";r=");
        text.extend_from_slice(itoa::Buffer::new().format(self.remaining).as_bytes());
        text.extend_from_slice(b";t=");
        text.extend_from_slice(itoa::Buffer::new().format(self.reset_seconds()).as_bytes());
    }
}

impl QuotaHeaders {
    /// Combines what remains of each quota.
    pub(super) fn new(items: [Option<QuotaItem>; MAX_QUOTAS]) -> Self {
        Self(items)
    }

    fn items(&self) -> impl Iterator<Item = &QuotaItem> {
        self.0.iter().flatten()
    }

    /// Returns how long the caller must wait, if a quota is exhausted.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.items().filter(|item| item.rejected).map(|item| item.reset).max()
    }

    /// Adds both headers, if there are quotas.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let mut items = self.items();
        let Some(first) = items.next() else { return };
        let mut remaining = Vec::with_capacity(64);
        first.append_remaining(&mut remaining);
        let mut policy = first.policy.clone();
        for item in items {
            remaining.extend_from_slice(b", ");
            item.append_remaining(&mut remaining);
            let both = [policy.as_bytes(), item.policy.as_bytes()].join(&b", "[..]);
            policy = HeaderValue::try_from(both).unwrap_or(policy);
        }
        headers.insert(RATELIMIT_POLICY, policy);
        if let Ok(value) = HeaderValue::from_bytes(&remaining) {
            headers.insert(RATELIMIT, value);
        }
    }
}
