//! What Auth0 takes of one kind of call, as far as it is known. No lock, no waiting, no clock.
//!
//! Nothing is known until Auth0 speaks of a limit. Then as many may be under way at once as it said
//! were left: of answers that tell of the same moment of refilling, the lowest number counts, since
//! they can overtake each other. When that moment has come, more is left, but nobody knows how
//! much: one call goes ahead as a trial, and its answer says.

use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

use crate::error::RequestError;
use crate::transport::backoff::jitter;
use crate::transport::rate_limit_headers::{quota, reset, retry_after};
use crate::transport::response::ApiResponse;

/// Longer waits than this are not waited for without a trial, whatever Auth0 says: its word may be
/// garbage, and must not stop everything for a day.
const MAX_WAIT: Duration = Duration::from_mins(1);
/// How long a trial may take before the next one goes ahead.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(1);
/// What is added at most to a wait after a 429: others use up the same limit, and should not all
/// come back at once.
const MAX_JITTER: Duration = Duration::from_millis(250);
/// The longest first wait after a 429 that does not say how long; it doubles with each.
const BASE_BACKOFF: Duration = Duration::from_millis(100);
/// How often it doubles at most.
const MAX_DOUBLINGS: u32 = 6;

/// What a call that was let through has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateFeedback {
    /// It was not sent.
    NotSent,
    /// There is no answer, or one that says nothing of limits. Auth0 may have counted it.
    NoInformation,
    /// Auth0 took it, and may have said what is left.
    Accepted(Option<RemainingQuota>),
    /// 429.
    Limited {
        /// The Unix second in which there is more.
        reset: Option<i64>,
        /// How long that is.
        wait: Option<Duration>,
    },
}

/// What Auth0 said is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemainingQuota {
    pub(crate) remaining: u64,
    /// The Unix second in which there is more, and how long that is by Auth0's clock.
    pub(crate) reset: Option<(i64, Duration)>,
}

impl RateFeedback {
    /// What an answer tells, by what was made of it.
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
            // Attack protection, which counts something else.
            _ if response.status.as_u16() == 429 => Self::Accepted(None),
            Ok(_) | Err(RequestError::Rejected(_)) => Self::Accepted(remaining_quota()),
            Err(_) => {
                remaining_quota().map_or(Self::NoInformation, |quota| Self::Accepted(Some(quota)))
            }
        }
    }
}

/// How many may go.
#[derive(Debug)]
pub(super) struct RateWindow {
    /// How many may be under way at once; `None`: nothing is known that would hold anybody up.
    capacity: Option<u64>,
    /// The room is a guess, and the next answer knows better.
    is_estimate: bool,
    /// Counts trials and refusals: answers to what started before are late.
    epoch: u64,
    /// How many are under way that started in this epoch.
    in_flight: u64,
    /// The Unix second of which Auth0 spoke last.
    reset: Option<i64>,
    /// When there is more, as far as Auth0 said.
    refills_at: Instant,
    /// When to try, whatever is known then.
    retry_at: Instant,
    /// The 429s in a row.
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

    /// Whether one more may go now.
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

    /// One goes. What it has to tell is told with this number.
    pub(super) fn start(&mut self) -> u64 {
        self.in_flight += 1;
        self.epoch
    }

    /// Whether nothing is left, as far as is known.
    pub(super) fn is_exhausted(&self, now: Instant) -> bool {
        self.capacity == Some(0) && now < self.retry_at
    }

    /// When to try, if there is no room until then.
    pub(super) fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// When there is more, as far as Auth0 said.
    pub(super) fn refills_at(&self) -> Instant {
        self.refills_at
    }

    /// One is back, with news.
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
                    // Without numbers: twice as many with each round, until nobody waits.
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
