//! The state of one issuer's keys, and what a request must do next: respond, fetch or wait.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use ports::PublicKey;

use super::settings::KeyCacheSettings;
use super::single_flight::{FetchGuard, FetchInFlight, new_fetch};
use crate::error::{Reason, TokenError};
use crate::keys::{KeyLookup, KeyQuery, KeySet, VerifyingKey};

/// The backoff after the first failed fetch.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

/// The keys of one issuer, and the fetches for them.
#[derive(Debug, Default)]
pub(super) struct IssuerState {
    fetched: Option<FetchedKeys>,
    failure: Option<Failure>,
    /// When a fetch was last started for an unknown key.
    unknown_key_fetch_at: Option<Timestamp>,
    in_flight: Option<FetchInFlight>,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: KeySet,
    fetched_at: Timestamp,
}

/// A failure of the last fetch.
#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Timestamp,
    backoff: Duration,
    /// Whether the source responded that the issuer does not exist.
    is_missing: bool,
}

/// How a fetch ended.
#[derive(Debug)]
pub(super) enum FetchOutcome {
    Fetched(Vec<PublicKey>),
    Failed,
    /// The source responded that the issuer does not exist.
    Missing,
}

/// Which fetch a request has waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// None.
    No,
    /// One that started before the request. It may have been answered before the issuer published
    /// the key.
    ForEarlierFetch,
    /// One that started after the request: no other can be newer.
    ForLaterFetch,
}

/// What is known about a request when it is decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) now: Timestamp,
    pub(super) waited: Waited,
    /// Whether the request may start the first fetch of the issuer.
    pub(super) may_fetch_first: bool,
}

impl Situation {
    /// Whether no later fetch can change the answer.
    fn is_final(self) -> bool {
        self.waited == Waited::ForLaterFetch
    }
}

/// What a request must do next.
#[derive(Debug)]
pub(super) enum Decision<T> {
    /// Respond. A guard means that a refresh in the background is due.
    Respond { answer: T, refresh: Option<FetchGuard> },
    /// Wait for a permit for the first fetch, and decide again.
    AcquirePermit,
    /// Start a fetch, wait for it and decide again.
    StartFetch(FetchGuard),
    /// Wait for the fetch in flight and decide again.
    AwaitFetch(FetchInFlight),
}

/// The decision on a request for keys.
pub(super) type KeyDecision = Decision<Result<Vec<Arc<VerifyingKey>>, TokenError>>;

/// How many keys of an issuer a fetch has kept, added and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rotation {
    pub(super) kept: usize,
    pub(super) new: usize,
    pub(super) gone: usize,
}

impl Rotation {
    fn between(before: &KeySet, after: &KeySet) -> Option<Self> {
        let kept = after.count_shared_with(before);
        let (new, gone) = (after.len() - kept, before.len() - kept);
        (new + gone > 0).then_some(Self { kept, new, gone })
    }
}

impl IssuerState {
    /// Decides on a request for the keys that a token names.
    pub(super) fn decide_keys(
        &mut self,
        query: &KeyQuery<'_>,
        situation: Situation,
        settings: &KeyCacheSettings,
    ) -> KeyDecision {
        let now = situation.now;
        let lookup = match self.usable(now, settings) {
            Some(keys) => keys.find(query),
            None => return self.decide_without_keys(situation),
        };
        let answer = match lookup {
            KeyLookup::Found(keys) => Ok(keys),
            KeyLookup::Unsuitable(reason) => Err(TokenError::Invalid(reason)),
            KeyLookup::NotFound => match self.decide_unknown_key(situation, settings) {
                Err(decision) => return decision,
                Ok(error) => Err(error),
            },
        };
        Decision::Respond { answer, refresh: self.start_refresh_if_due(now, settings) }
    }

    /// Decides whether the issuer has keys at all.
    pub(super) fn decide_has_keys(
        &mut self,
        situation: Situation,
        settings: &KeyCacheSettings,
    ) -> Decision<bool> {
        let Situation { now, waited, .. } = situation;
        if self.usable(now, settings).is_some_and(|keys| !keys.is_empty()) {
            let refresh = self.start_refresh_if_due(now, settings);
            return Decision::Respond { answer: true, refresh };
        }
        let unavailable = Decision::Respond { answer: false, refresh: None };
        // A set without keys was fetched all the same: it is fetched again no more often than for
        // an unknown key.
        let is_cooling_down = self
            .fetched
            .as_ref()
            .is_some_and(|fetched| remaining(fetched.fetched_at, settings.cooldown, now).is_some());
        if waited != Waited::No || is_cooling_down {
            return unavailable;
        }
        match self.decide_without_keys(situation) {
            Decision::Respond { .. } => unavailable,
            Decision::AcquirePermit => Decision::AcquirePermit,
            Decision::StartFetch(guard) => Decision::StartFetch(guard),
            Decision::AwaitFetch(in_flight) => Decision::AwaitFetch(in_flight),
        }
    }

    /// Whether exactly this key would be returned now.
    pub(super) fn is_current(
        &self,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> bool {
        self.usable(now, settings).is_some_and(|keys| keys.contains(key))
    }

    /// Records how the fetch in flight ended. Returns how the keys changed, unless they are the
    /// first or the same.
    pub(super) fn finish_fetch(
        &mut self,
        outcome: FetchOutcome,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<Rotation> {
        self.in_flight = None;
        match outcome {
            FetchOutcome::Fetched(public_keys) => {
                let before = self.fetched.take().map(|fetched| fetched.keys);
                let keys = match &before {
                    Some(before) => before.updated(public_keys),
                    None => KeySet::default().updated(public_keys),
                };
                let rotation = before.and_then(|before| Rotation::between(&before, &keys));
                self.fetched = Some(FetchedKeys { keys, fetched_at: now });
                self.failure = None;
                return rotation;
            }
            FetchOutcome::Failed => {
                let backoff =
                    self.failure.map_or(INITIAL_BACKOFF, |last| last.backoff.saturating_mul(2));
                let backoff = backoff.min(settings.cooldown);
                self.failure = Some(Failure { at: now, backoff, is_missing: false });
            }
            FetchOutcome::Missing => {
                let backoff = settings.cooldown;
                self.failure = Some(Failure { at: now, backoff, is_missing: true });
            }
        }
        None
    }

    /// Whether no fetch has succeeded yet.
    fn has_never_fetched(&self) -> bool {
        self.fetched.is_none()
    }

    /// The order of eviction: issuers of a lower rank go first.
    pub(super) fn eviction_rank(&self) -> u8 {
        match (&self.fetched, &self.in_flight) {
            (None, None) => 0,
            (None, Some(_)) => 1,
            (Some(_), _) => 2,
        }
    }

    fn usable(&self, now: Timestamp, settings: &KeyCacheSettings) -> Option<&KeySet> {
        let fetched = self.fetched.as_ref()?;
        (age(fetched.fetched_at, now) < settings.stale_bound).then_some(&fetched.keys)
    }

    fn decide_without_keys(&mut self, situation: Situation) -> KeyDecision {
        let (now, is_final) = (situation.now, situation.is_final());
        if let (Some(in_flight), false) = (&self.in_flight, is_final) {
            Decision::AwaitFetch(in_flight.clone())
        } else if is_final || self.remaining_backoff(now).is_some() {
            let error = match self.failure {
                Some(Failure { is_missing: true, .. }) => {
                    TokenError::Invalid(Reason::UnknownIssuer)
                }
                Some(_) | None => self.unavailable(now, None),
            };
            Decision::Respond { answer: Err(error), refresh: None }
        } else if self.has_never_fetched() && !situation.may_fetch_first {
            Decision::AcquirePermit
        } else {
            Decision::StartFetch(self.start_fetch())
        }
    }

    /// Returns the error for a token whose key is not in the set, or as `Err` what must be done
    /// before that is certain.
    fn decide_unknown_key(
        &mut self,
        situation: Situation,
        settings: &KeyCacheSettings,
    ) -> Result<TokenError, KeyDecision> {
        let now = situation.now;
        let remaining_cooldown =
            self.unknown_key_fetch_at.and_then(|at| remaining(at, settings.cooldown, now));
        if !situation.is_final() {
            if let Some(in_flight) = &self.in_flight {
                return Err(Decision::AwaitFetch(in_flight.clone()));
            }
            if remaining_cooldown.is_none() && self.remaining_backoff(now).is_none() {
                self.unknown_key_fetch_at = Some(now);
                return Err(Decision::StartFetch(self.start_fetch()));
            }
        }
        Ok(match self.failure {
            None => TokenError::Invalid(Reason::UnknownKey),
            // The issuer may have published the key by now, so the token may be valid.
            Some(_) => self.unavailable(now, remaining_cooldown),
        })
    }

    /// Whether the keys are old, and nothing keeps them from being fetched now.
    pub(super) fn is_refresh_due(&self, now: Timestamp, settings: &KeyCacheSettings) -> bool {
        let is_old = self
            .fetched
            .as_ref()
            .is_some_and(|fetched| age(fetched.fetched_at, now) >= settings.refresh);
        is_old && self.in_flight.is_none() && self.remaining_backoff(now).is_none()
    }

    pub(super) fn start_refresh_if_due(
        &mut self,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<FetchGuard> {
        self.is_refresh_due(now, settings).then(|| self.start_fetch())
    }

    fn start_fetch(&mut self) -> FetchGuard {
        let (guard, in_flight) = new_fetch();
        self.in_flight = Some(in_flight);
        guard
    }

    fn remaining_backoff(&self, now: Timestamp) -> Option<Duration> {
        self.failure.and_then(|failure| remaining(failure.at, failure.backoff, now))
    }

    fn unavailable(&self, now: Timestamp, remaining_cooldown: Option<Duration>) -> TokenError {
        let retry_after =
            self.remaining_backoff(now).max(remaining_cooldown).unwrap_or(INITIAL_BACKOFF);
        TokenError::KeysUnavailable { retry_after }
    }
}

/// The time since `start`; zero if the clock was set back.
fn age(start: Timestamp, now: Timestamp) -> Duration {
    let millis = now.as_unix_millis().saturating_sub(start.as_unix_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The rest of a span, if any. A clock that was set back ends the span, so that nothing waits for a
/// time far in the future.
fn remaining(start: Timestamp, span: Duration, now: Timestamp) -> Option<Duration> {
    if now < start {
        return None;
    }
    span.checked_sub(age(start, now)).filter(|rest| !rest.is_zero())
}
