//! Rate limits per caller.
//!
//! A request is counted as soon as its token is verified, before anything else is checked. Rejected
//! requests count too, so that guessing permissions, tenants or ids is limited as well. The
//! algorithm is `governor`'s GCRA, with bounded memory (`quota_store.rs`) and a clock that never
//! goes back (`monotonic_clock.rs`). Each process counts separately.

mod monotonic_clock;
mod quota_headers;
mod quota_store;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use domain::CallerKey;
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use ports::Clock;

use monotonic_clock::MonotonicClock;
pub(crate) use quota_headers::{QuotaHeaders, RATELIMIT, RATELIMIT_POLICY};
use quota_headers::{QuotaItem, WINDOW_SECONDS, policy_item};
use quota_store::QuotaStore;

use crate::protection::settings::LimitSettings;

/// The quotas of all callers.
#[derive(Debug)]
pub(crate) struct RateLimits {
    writes: Option<CallerQuota>,
    password_checks: Option<CallerQuota>,
    reads: Option<CallerQuota>,
    clock: MonotonicClock,
}

impl RateLimits {
    /// Creates full quotas.
    pub(crate) fn new(settings: LimitSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = MonotonicClock::new(clock);
        let quota = |name, limit: Option<_>| {
            limit.map(|limit| CallerQuota::new(name, limit, clock.clone()))
        };
        Self {
            writes: quota("writes", settings.writes),
            password_checks: quota("password-checks", settings.password_checks),
            reads: quota("reads", settings.reads),
            clock,
        }
    }

    /// Counts a request against the caller's quotas, and returns what remains of them.
    pub(crate) fn consume(
        &self,
        caller: CallerKey,
        method: &Method,
        checks_password: bool,
    ) -> QuotaHeaders {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let quotas = [
            self.reads.as_ref().filter(|_| is_read),
            self.writes.as_ref().filter(|_| !is_read),
            self.password_checks.as_ref().filter(|_| checks_password),
        ];
        QuotaHeaders::new(quotas.map(|quota| Some(quota?.consume(caller, &self.clock))))
    }
}

/// One kind of quota, for all callers.
struct CallerQuota {
    name: &'static str,
    limit: NonZeroU32,
    /// The quota's part of `RateLimit-Policy`.
    policy: HeaderValue,
    limiter: RateLimiter<CallerKey, QuotaStore, MonotonicClock, StateInformationMiddleware>,
}

impl fmt::Debug for CallerQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, limit, .. } = self;
        write!(f, "CallerQuota({name}, {limit} in {WINDOW_SECONDS} s)")
    }
}

impl CallerQuota {
    fn new(name: &'static str, limit: NonZeroU32, clock: MonotonicClock) -> Self {
        let limiter = RateLimiter::new(Quota::per_minute(limit), QuotaStore::default(), clock);
        Self { name, limit, policy: policy_item(name, limit), limiter }
    }

    fn consume(&self, caller: CallerKey, clock: &MonotonicClock) -> QuotaItem {
        let Self { name, limit, policy, limiter } = self;
        let policy = policy.clone();
        match limiter.check_key(&caller) {
            Ok(state) => {
                QuotaItem::accepted(name, policy, *limit, state.remaining_burst_capacity())
            }
            Err(not_until) => {
                let now = governor::clock::Clock::now(clock);
                QuotaItem::rejected(name, policy, not_until.wait_time_from(now))
            }
        }
    }
}

#[cfg(test)]
mod tests;
