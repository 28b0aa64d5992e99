//! The known state of Auth0's quota for one kind of call. Pure: no lock, no waiting, no clock.
//!
//! Until Auth0 reports a limit, nothing is known. Then as many calls may be in flight as it
//! reported to remain. Of the responses about one refill the lowest number counts, since responses
//! can overtake each other. After the refill the quota is unknown: one call is sent as a trial, and
//! its response tells.

use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

use crate::error::RequestError;
use crate::transport::backoff::jitter;
use crate::transport::rate_limit_headers::{quota, reset, retry_after};
use crate::transport::response::ApiResponse;

/// The longest wait without a trial, whatever Auth0 reports: an implausible value must not block
/// calls for a day.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How long a trial may take before the next one is sent.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(1);
/// The upper bound of the jitter added to a wait after a 429: other clients share the limit, and
/// should not all return at once.
const MAX_JITTER: Duration = Duration::from_millis(250);
/// The upper bound of the first wait after a 429 without a time; it doubles with each.
const BASE_BACKOFF: Duration = Duration::from_millis(100);
/// How often it doubles at most.
const MAX_DOUBLINGS: u32 = 6;

/// What an attempt showed about the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateFeedback {
    /// It was not sent.
    NotSent,
    /// There is no response, or one without quota headers. Auth0 may have counted it.
    NoInformation,
    /// Auth0 accepted it, and may have reported the remaining quota.
    Accepted(Option<RemainingQuota>),
    /// Auth0 responded 429.
    Limited {
        /// The Unix second of the refill.
        reset: Option<i64>,
        /// The time until the refill.
        wait: Option<Duration>,
    },
}

/// The remaining quota as Auth0 reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemainingQuota {
    pub(crate) remaining: u64,
    /// The Unix second of the refill, and the time until then by Auth0's clock.
    pub(crate) reset: Option<(i64, Duration)>,
}

impl RateFeedback {
    /// Reads what a response shows, given how it was decoded.
    pub(crate) fn of<T>(
        response: &ApiResponse,
        outcome: &Result<T, RequestError>,
        now: Timestamp,
    ) -> Self {
        let headers = &response.headers;
        let remaining_quota = || {
            let remaining = quota(headers)?.remaining;
            Some(RemainingQuota { remaining, reset: reset(headers, now) })
        };
        match outcome {
            Err(RequestError::RateLimited { .. }) => Self::Limited {
                reset: reset(headers, now).map(|(second, _)| second),
                wait: retry_after(headers, now),
            },
            // A 429 of attack protection, which counts something else.
            _ if response.status.as_u16() == 429 => Self::Accepted(None),
            Ok(_) | Err(RequestError::Rejected(_)) => Self::Accepted(remaining_quota()),
            Err(_) => {
                remaining_quota().map_or(Self::NoInformation, |quota| Self::Accepted(Some(quota)))
            }
        }
    }
}

/// How many calls may be in flight.
#[derive(Debug)]
pub(super) struct RateWindow {
    /// The maximum number of calls in flight; `None` while no limit is known.
    capacity: Option<u64>,
    /// Whether the capacity is an estimate, which the next response replaces.
    is_estimate: bool,
    /// Counts trials and 429s: the response to a call of an earlier epoch is late.
    epoch: u64,
    /// The number of calls in flight of this epoch.
    in_flight: u64,
    /// The Unix second of the last reported refill.
    reset: Option<i64>,
    /// When the quota is refilled, as far as Auth0 has reported.
    refills_at: Instant,
    /// When to send a trial, whatever is known by then.
    retry_at: Instant,
    /// The number of consecutive 429s.
    consecutive_429s: u32,
}

impl RateWindow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            capacity: None,
            is_estimate: false,
            epoch: 0,
            in_flight: 0,
            reset: None,
            refills_at: now,
            retry_at: now,
            consecutive_429s: 0,
        }
    }

    /// Returns whether one more call may start now.
    pub(super) fn has_capacity(&mut self, now: Instant) -> bool {
        if self.capacity.is_none_or(|capacity| self.in_flight < capacity) {
            return true;
        }
        if now < self.retry_at {
            return false;
        }
        self.start_epoch(1);
        self.retry_at = now + TRIAL_TIMEOUT;
        self.refills_at = self.retry_at;
        true
    }

    /// Starts a call and returns its epoch, to be passed to [`Self::finish`].
    pub(super) fn start(&mut self) -> u64 {
        self.in_flight += 1;
        self.epoch
    }

    /// Returns whether the quota is known to be exhausted.
    pub(super) fn is_exhausted(&self, now: Instant) -> bool {
        self.capacity == Some(0) && now < self.retry_at
    }

    /// Returns when to try again, if there is no capacity until then.
    pub(super) fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// Returns when the quota is refilled, as far as Auth0 has reported.
    pub(super) fn refills_at(&self) -> Instant {
        self.refills_at
    }

    /// Ends a call of this epoch with its feedback.
    pub(super) fn finish(
        &mut self,
        epoch: u64,
        feedback: RateFeedback,
        others_wait: bool,
        now: Instant,
    ) {
        let current = epoch == self.epoch;
        if current {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        match feedback {
            RateFeedback::NotSent => {}
            RateFeedback::NoInformation => {
                if current && !self.is_estimate {
                    self.capacity = self.capacity.map(|capacity| capacity.saturating_sub(1));
                }
            }
            RateFeedback::Accepted(None) => {
                if current && self.is_estimate {
                    self.consecutive_429s = 0;
                    // Without quota headers the capacity doubles with each round, until no call
                    // waits.
                    self.capacity =
                        self.capacity.filter(|_| others_wait).map(|capacity| capacity + 1);
                }
            }
            RateFeedback::Accepted(Some(quota)) => self.accepted(quota, current, now),
            RateFeedback::Limited { reset, wait } => {
                if current || reset > self.reset {
                    self.limited(reset, wait, now);
                }
            }
        }
    }

    fn accepted(
        &mut self,
        RemainingQuota { remaining, reset }: RemainingQuota,
        current: bool,
        now: Instant,
    ) {
        let (second, wait) = (reset.map(|(second, _)| second), reset.map(|(_, wait)| wait));
        let refills_at = now + wait.unwrap_or(TRIAL_TIMEOUT);
        let retry_at = now + wait.unwrap_or(TRIAL_TIMEOUT).min(MAX_WAIT);
        let is_later_refill = second > self.reset;
        if self.capacity.is_none() || (self.is_estimate && current) || is_later_refill {
            (self.capacity, self.is_estimate) = (Some(remaining), false);
            (self.reset, self.refills_at, self.retry_at) = (second, refills_at, retry_at);
            self.consecutive_429s = 0;
        } else if !self.is_estimate && second == self.reset {
            self.capacity = self.capacity.map(|capacity| capacity.min(remaining));
            (self.refills_at, self.retry_at) =
                (self.refills_at.min(refills_at), self.retry_at.min(retry_at));
        }
    }

    fn limited(&mut self, reset: Option<i64>, wait: Option<Duration>, now: Instant) {
        let backoff = BASE_BACKOFF.saturating_mul(1 << self.consecutive_429s.min(MAX_DOUBLINGS));
        self.consecutive_429s = self.consecutive_429s.saturating_add(1);
        let longest = match wait {
            Some(wait) => wait.min(MAX_WAIT) + jitter(MAX_JITTER),
            None => jitter(backoff),
        };
        self.start_epoch(0);
        self.reset = reset.or(self.reset);
        self.retry_at = now + longest;
        self.refills_at = now + wait.unwrap_or(longest);
    }

    fn start_epoch(&mut self, capacity: u64) {
        self.epoch = self.epoch.wrapping_add(1);
        (self.capacity, self.is_estimate, self.in_flight) = (Some(capacity), true, 0);
    }
}

#[cfg(test)]
mod tests;
