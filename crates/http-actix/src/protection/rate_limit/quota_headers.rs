//! What is left of a caller's budgets, and how an answer says so.
//!
//! The fields are those of draft-ietf-httpapi-ratelimit-headers-11, lists of structured fields
//! (RFC 9651): `RateLimit-Policy: "writes";q=1200;w=60` and `RateLimit: "writes";r=1199;t=1`.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The length of a rate limit's window, in seconds.
pub(super) const WINDOW_SECONDS: u32 = 60;

/// The field that says how large budgets are.
pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The field that says what is left of them.
pub(crate) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What one request has drawn on, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuotaHeaders(Vec<QuotaItem>);

/// What is left of one budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuotaItem {
    name: &'static str,
    quota: NonZeroU32,
    left: u32,
    /// How long until the budget is whole again, or, if the request is refused, until it has
    /// enough for one.
    reset: Duration,
    refused: bool,
}

impl QuotaItem {
    pub(super) fn granted(name: &'static str, quota: NonZeroU32, left: u32) -> Self {
        let (all, drawn) = (u64::from(quota.get()), u64::from(quota.get().saturating_sub(left)));
        let reset = Duration::from_secs((drawn * u64::from(WINDOW_SECONDS)).div_ceil(all));
        Self { name, quota, left, reset, refused: false }
    }

    pub(super) fn refused(name: &'static str, quota: NonZeroU32, wait: Duration) -> Self {
        Self { name, quota, left: 0, reset: wait, refused: true }
    }

    fn reset_seconds(&self) -> u64 {
        self.reset.as_secs() + u64::from(self.reset.subsec_nanos() > 0)
    }
}

impl FromIterator<QuotaItem> for QuotaHeaders {
    fn from_iter<I: IntoIterator<Item = QuotaItem>>(lines: I) -> Self {
        Self(lines.into_iter().collect())
    }
}

impl QuotaHeaders {
    /// How long the caller must wait, if a budget does not suffice.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.0.iter().filter(|line| line.refused).map(|line| line.reset).max()
    }

    /// Puts the two fields among the headers, if there is anything to say.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let policy = self.0.iter().map(|QuotaItem { name, quota, .. }| {
            format!("\"{name}\";q={quota};w={WINDOW_SECONDS}")
        });
        let left = self
            .0
            .iter()
            .map(|line| format!("\"{}\";r={};t={}", line.name, line.left, line.reset_seconds()));
        for (name, items) in
            [(POLICY, policy.collect::<Vec<_>>()), (LEFT, left.collect::<Vec<_>>())]
        {
            if let Ok(value) = HeaderValue::try_from(items.join(", "))
                && !items.is_empty()
            {
                headers.insert(name, value);
            }
        }
    }
}
