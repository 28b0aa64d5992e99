//! How often one caller may ask.
//!
//! Each caller has budgets of its own, and what a request draws on them is taken off as soon as
//! its token is verified, before anything else is looked at: what is refused later has been paid
//! for as well, so that nobody tries out permissions, tenants or ids for nothing.
//! What counts and refills is `governor`'s GCRA; `balances.rs` bounds what it remembers, and
//! `elapsed.rs` is its clock. One process counts for itself.

mod balances;
mod elapsed;
mod quota_headers;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;
use domain::CallerKey;
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};
use ports::Clock;

use balances::Balances;
use elapsed::Elapsed;
pub(crate) use quota_headers::{LEFT, POLICY, QuotaHeaders};
use quota_headers::{QuotaItem, WINDOW_SECONDS};

use crate::protection::settings::LimitSettings;

/// Stands at a route whose requests have a current password checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChecksPassword;

/// The budgets of all callers.
#[derive(Debug)]
pub(crate) struct RateLimits {
    writes: Option<Budget>,
    password_checks: Option<Budget>,
    reads: Option<Budget>,
    clock: Elapsed,
}

impl RateLimits {
    /// Full budgets for everybody.
    pub(crate) fn new(settings: LimitSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = Elapsed::new(clock);
        let budget =
            |name, quota: Option<_>| quota.map(|quota| Budget::new(name, quota, clock.clone()));
        Self {
            writes: budget("writes", settings.writes),
            password_checks: budget("password-checks", settings.password_checks),
            reads: budget("reads", settings.reads),
            clock,
        }
    }

    /// Takes what the request draws on off the caller's budgets, and states what is left of them.
    pub(crate) fn draw(&self, caller: CallerKey, request: &HttpRequest) -> QuotaHeaders {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let checks_password = request.app_data::<ChecksPassword>().is_some();
        let budgets = [
            self.reads.as_ref().filter(|_| is_read),
            self.writes.as_ref().filter(|_| !is_read),
            self.password_checks.as_ref().filter(|_| checks_password),
        ];
        budgets.into_iter().flatten().map(|budget| budget.draw(caller, &self.clock)).collect()
    }
}

/// One kind of budget, of all callers.
struct Budget {
    name: &'static str,
    quota: NonZeroU32,
    limiter: RateLimiter<CallerKey, Balances, Elapsed, StateInformationMiddleware>,
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, quota, limiter: _ } = self;
        write!(f, "Budget({name}, {quota} in {WINDOW_SECONDS} s)")
    }
}

impl Budget {
    fn new(name: &'static str, quota: NonZeroU32, clock: Elapsed) -> Self {
        let limiter = RateLimiter::new(Quota::per_minute(quota), Balances::default(), clock);
        Self { name, quota, limiter }
    }

    fn draw(&self, caller: CallerKey, clock: &Elapsed) -> QuotaItem {
        let Self { name, quota, limiter } = self;
        match limiter.check_key(&caller) {
            Ok(state) => QuotaItem::granted(name, *quota, state.remaining_burst_capacity()),
            Err(not_until) => {
                let now = governor::clock::Clock::now(clock);
                QuotaItem::refused(name, *quota, not_until.wait_time_from(now))
            }
        }
    }
}

#[cfg(test)]
mod tests;
