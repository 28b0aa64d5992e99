//! What Auth0 takes of one kind of call, as far as it is known. No lock, no waiting, no clock.
//!
//! Nothing is known until Auth0 speaks of a limit. Then as many may be under way at once as it said
//! were left: of answers that tell of the same moment of refilling, the lowest number counts, since
//! they can overtake each other. When that moment has come, more is left, but nobody knows how
//! much: one call goes ahead as a trial, and its answer says.

use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

use crate::error::Failure;
use crate::transport::backoff::up_to;
use crate::transport::rate_limit_headers::{allowance, reset, retry_after};
use crate::transport::response::Answer;

/// Longer waits than this are not waited for without a trial, whatever Auth0 says: its word may be
/// garbage, and must not stop everything for a day.
const LONGEST: Duration = Duration::from_mins(1);
/// How long a trial may take before the next one goes ahead.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is added at most to a wait after a 429: others use up the same limit, and should not all
/// come back at once.
const SPREAD: Duration = Duration::from_millis(250);
/// The longest first wait after a 429 that does not say how long; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(100);
/// How often it doubles at most.
const DOUBLINGS: u32 = 6;

/// What a call that was let through has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was not sent.
    Unsent,
    /// There is no answer, or one that says nothing of limits. Auth0 may have counted it.
    Nothing,
    /// Auth0 took it, and may have said what is left.
    Taken(Option<Left>),
    /// 429.
    Refused {
        /// The Unix second in which there is more.
        reset: Option<i64>,
        /// How long that is.
        wait: Option<Duration>,
    },
}

/// What Auth0 said is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) remaining: u64,
    /// The Unix second in which there is more, and how long that is by Auth0's clock.
    pub(crate) reset: Option<(i64, Duration)>,
}

impl News {
    /// What an answer tells, by what was made of it.
    pub(crate) fn of<T>(answer: &Answer, outcome: &Result<T, Failure>, now: Timestamp) -> Self {
        let headers = &answer.headers;
        let left = || {
            let remaining = allowance(headers)?.remaining;
            Some(Left { remaining, reset: reset(headers, now) })
        };
        match outcome {
            Err(Failure::Limited { .. }) => Self::Refused {
                reset: reset(headers, now).map(|(second, _)| second),
                wait: retry_after(headers, now),
            },
            // Attack protection, which counts something else.
            _ if answer.status.as_u16() == 429 => Self::Taken(None),
            Ok(_) | Err(Failure::Refused(_)) => Self::Taken(left()),
            Err(_) => left().map_or(Self::Nothing, |left| Self::Taken(Some(left))),
        }
    }
}

/// How many may go.
#[derive(Debug)]
pub(super) struct Window {
    /// How many may be under way at once; `None`: nothing is known that would hold anybody up.
    room: Option<u64>,
    /// The room is a guess, and the next answer knows better.
    guessed: bool,
    /// Counts trials and refusals: answers to what went before are late.
    epoch: u64,
    /// How many are under way that went in this epoch.
    under_way: u64,
    /// The Unix second of which Auth0 spoke last.
    reset: Option<i64>,
    /// When there is more, as far as Auth0 said.
    told: Instant,
    /// When to try, whatever is known then.
    opens: Instant,
    /// The 429s in a row.
    refusals: u32,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            room: None,
            guessed: false,
            epoch: 0,
            under_way: 0,
            reset: None,
            told: now,
            opens: now,
            refusals: 0,
        }
    }

    /// Whether one more may go now.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        if self.room.is_none_or(|room| self.under_way < room) {
            return true;
        }
        if now < self.opens {
            return false;
        }
        self.begin(1);
        self.opens = now + PATIENCE;
        self.told = self.opens;
        true
    }

    /// One goes. What it has to tell is told with this number.
    pub(super) fn go(&mut self) -> u64 {
        self.under_way += 1;
        self.epoch
    }

    /// Whether nothing is left, as far as is known.
    pub(super) fn is_closed(&self, now: Instant) -> bool {
        self.room == Some(0) && now < self.opens
    }

    /// When to try, if there is no room until then.
    pub(super) fn opens(&self) -> Instant {
        self.opens
    }

    /// When there is more, as far as Auth0 said.
    pub(super) fn told(&self) -> Instant {
        self.told
    }

    /// One is back, with news.
    pub(super) fn back(&mut self, epoch: u64, news: News, others_wait: bool, now: Instant) {
        let current = epoch == self.epoch;
        if current {
            self.under_way = self.under_way.saturating_sub(1);
        }
        match news {
            News::Unsent => {}
            News::Nothing => {
                if current && !self.guessed {
                    self.room = self.room.map(|room| room.saturating_sub(1));
                }
            }
            News::Taken(None) => {
                if current && self.guessed {
                    self.refusals = 0;
                    // Without numbers: twice as many with each round, until nobody waits.
                    self.room = self.room.filter(|_| others_wait).map(|room| room + 1);
                }
            }
            News::Taken(Some(left)) => self.left(left, current, now),
            News::Refused { reset, wait } => {
                if current || reset > self.reset {
                    self.refused(reset, wait, now);
                }
            }
        }
    }

    fn left(&mut self, Left { remaining, reset }: Left, current: bool, now: Instant) {
        let (second, wait) = (reset.map(|(second, _)| second), reset.map(|(_, wait)| wait));
        let told = now + wait.unwrap_or(PATIENCE);
        let opens = now + wait.unwrap_or(PATIENCE).min(LONGEST);
        let of_a_later_refill = second > self.reset;
        if self.room.is_none() || (self.guessed && current) || of_a_later_refill {
            (self.room, self.guessed) = (Some(remaining), false);
            (self.reset, self.told, self.opens) = (second, told, opens);
            self.refusals = 0;
        } else if !self.guessed && second == self.reset {
            self.room = self.room.map(|room| room.min(remaining));
            (self.told, self.opens) = (self.told.min(told), self.opens.min(opens));
        }
    }

    fn refused(&mut self, reset: Option<i64>, wait: Option<Duration>, now: Instant) {
        let backoff = BACKOFF.saturating_mul(1 << self.refusals.min(DOUBLINGS));
        self.refusals = self.refusals.saturating_add(1);
        let longest = match wait {
            Some(wait) => wait.min(LONGEST) + up_to(SPREAD),
            None => up_to(backoff),
        };
        self.begin(0);
        self.reset = reset.or(self.reset);
        self.opens = now + longest;
        self.told = now + wait.unwrap_or(longest);
    }

    fn begin(&mut self, room: u64) {
        self.epoch = self.epoch.wrapping_add(1);
        (self.room, self.guessed, self.under_way) = (Some(room), true, 0);
    }
}

#[cfg(test)]
mod tests;
