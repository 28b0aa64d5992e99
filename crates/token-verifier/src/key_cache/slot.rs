//! What one issuer is due: a fetch, a wait, a key or a refusal.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use ports::PublicKey;
use tokio::sync::watch;

use super::KeyCacheSettings;
use crate::error::{Reason, TokenError};
use crate::keys::{KeyLookup, KeyQuery, KeySet, VerifyingKey};

/// The first pause after a fetch that failed.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

/// What is known of one issuer.
#[derive(Debug, Default)]
pub(super) struct IssuerState {
    fetched: Option<FetchedKeys>,
    failure: Option<Failure>,
    /// When a fetch was last begun for an unknown key.
    unknown_key_fetch_at: Option<Timestamp>,
    /// The fetch under way; its sender is dropped when it has ended.
    in_flight: Option<watch::Receiver<()>>,
}

#[derive(Debug)]
struct FetchedKeys {
    keys: KeySet,
    fetched_at: Timestamp,
}

/// That the last fetch failed, and how long it is best to wait.
#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Timestamp,
    backoff: Duration,
}

/// How a fetch ended.
#[derive(Debug)]
pub(super) enum FetchOutcome {
    Fetched(Vec<PublicKey>),
    Failed,
    /// There were too many before it.
    Rejected,
}

/// What to do for a token.
#[derive(Debug)]
pub(super) enum KeyDecision {
    /// Answer at once, and begin a fetch for others if a sender is there.
    Respond { answer: Result<Arc<VerifyingKey>, TokenError>, begin: Option<watch::Sender<()>> },
    /// Begin a fetch, wait for it and ask again.
    StartFetch(watch::Sender<()>),
    /// Wait for the fetch under way and ask again.
    AwaitFetch(watch::Receiver<()>),
}

/// How many keys an issuer has kept, added and taken away.
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

/// Whether there are keys at all, or what to do about it.
#[derive(Debug)]
pub(super) enum Availability {
    /// There are; a fetch renews them if a sender is there.
    Available { begin: Option<watch::Sender<()>> },
    /// There are none, and it is no use to try now.
    Unavailable,
    /// Begin a fetch, wait for it and ask again.
    StartFetch(watch::Sender<()>),
    /// Wait for the fetch under way and ask again.
    AwaitFetch(watch::Receiver<()>),
}

impl IssuerState {
    /// Whether there are keys at all. `informed`: a fetch that was waited for has ended.
    pub(super) fn availability(
        &mut self,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> Availability {
        if self.has_usable(now, settings) {
            return Availability::Available { begin: self.start_fetch_if_due(now, settings) };
        }
        // A set without a key in it is as good as none, but it was had: no more often than for a
        // key that is unknown is there another one.
        let fetched_at = self.fetched.as_ref().map(|kept| kept.fetched_at);
        if informed
            || fetched_at.is_some_and(|since| remaining(since, settings.cooldown, now).is_some())
        {
            return Availability::Unavailable;
        }
        match self.decide_without_keys(now, informed) {
            KeyDecision::Respond { .. } => Availability::Unavailable,
            KeyDecision::StartFetch(done) => Availability::StartFetch(done),
            KeyDecision::AwaitFetch(ended) => Availability::AwaitFetch(ended),
        }
    }

    /// Whether there are keys that may be used.
    fn has_usable(&self, now: Timestamp, settings: &KeyCacheSettings) -> bool {
        self.usable(now, settings).is_some_and(|keys| !keys.is_empty())
    }

    /// What to do for a token that wants this key.
    ///
    /// `informed`: a fetch that began after the token came has ended.
    pub(super) fn decide(
        &mut self,
        query: &KeyQuery<'_>,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> KeyDecision {
        let found = match self.usable(now, settings) {
            Some(keys) => keys.find(query),
            None => return self.decide_without_keys(now, informed),
        };
        let answer = match found {
            KeyLookup::Found(key) => Ok(key),
            KeyLookup::Unsuitable(reason) => Err(TokenError::Invalid(reason)),
            KeyLookup::NotFound => match self.decide_unknown_key(now, informed, settings) {
                Err(step) => return step,
                Ok(error) => Err(error),
            },
        };
        KeyDecision::Respond { answer, begin: self.start_fetch_if_due(now, settings) }
    }

    /// Whether that very key is still good, and the start of a fetch if one is due.
    pub(super) fn is_current(
        &mut self,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> (bool, Option<watch::Sender<()>>) {
        let held = self.usable(now, settings).is_some_and(|keys| keys.contains(key));
        (held, if held { self.start_fetch_if_due(now, settings) } else { None })
    }

    /// Records how the fetch under way ended.
    /// Answers how the keys have changed, if there were some before and they have.
    pub(super) fn finish_fetch(
        &mut self,
        outcome: FetchOutcome,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<Rotation> {
        self.in_flight = None;
        match outcome {
            FetchOutcome::Fetched(fetched) => {
                let before = self.fetched.take().map(|kept| kept.keys);
                let keys = match &before {
                    Some(before) => before.updated(fetched),
                    None => KeySet::default().updated(fetched),
                };
                let rotation = before.and_then(|before| Rotation::between(&before, &keys));
                self.fetched = Some(FetchedKeys { keys, fetched_at: now });
                self.failure = None;
                return rotation;
            }
            FetchOutcome::Failed => {
                let backoff =
                    self.failure.map_or(INITIAL_BACKOFF, |before| before.backoff.saturating_mul(2));
                self.failure = Some(Failure { at: now, backoff: backoff.min(settings.cooldown) });
            }
            FetchOutcome::Rejected => {}
        }
        None
    }

    /// Whether its keys were never had.
    pub(super) fn has_never_fetched(&self) -> bool {
        self.fetched.is_none()
    }

    /// How much would be lost if this issuer were forgotten.
    pub(super) fn eviction_rank(&self) -> u8 {
        match (&self.fetched, &self.in_flight) {
            (None, None) => 0,
            (None, Some(_)) => 1,
            (Some(_), _) => 2,
        }
    }

    fn usable(&self, now: Timestamp, settings: &KeyCacheSettings) -> Option<&KeySet> {
        let kept = self.fetched.as_ref()?;
        (age(kept.fetched_at, now) < settings.stale_bound).then_some(&kept.keys)
    }

    fn decide_without_keys(&mut self, now: Timestamp, informed: bool) -> KeyDecision {
        if let (Some(ended), false) = (&self.in_flight, informed) {
            KeyDecision::AwaitFetch(ended.clone())
        } else if informed || self.remaining_backoff(now).is_some() {
            KeyDecision::Respond { answer: Err(self.unavailable(now, None)), begin: None }
        } else {
            KeyDecision::StartFetch(self.start_fetch())
        }
    }

    /// The refusal of a token whose key is not there, or what must be done before.
    fn decide_unknown_key(
        &mut self,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> Result<TokenError, KeyDecision> {
        let cooldown_left =
            self.unknown_key_fetch_at.and_then(|at| remaining(at, settings.cooldown, now));
        if !informed {
            if let Some(ended) = &self.in_flight {
                return Err(KeyDecision::AwaitFetch(ended.clone()));
            }
            if cooldown_left.is_none() && self.remaining_backoff(now).is_none() {
                self.unknown_key_fetch_at = Some(now);
                return Err(KeyDecision::StartFetch(self.start_fetch()));
            }
        }
        Ok(match self.failure {
            None => TokenError::Invalid(Reason::UnknownKey),
            // The issuer may have the key by now: nobody can say that the token is bad.
            Some(_) => self.unavailable(now, cooldown_left),
        })
    }

    /// The start of a fetch in the background, if the keys are old enough.
    fn start_fetch_if_due(
        &mut self,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<watch::Sender<()>> {
        let old =
            self.fetched.as_ref().is_some_and(|kept| age(kept.fetched_at, now) >= settings.refresh);
        let may = self.in_flight.is_none() && self.remaining_backoff(now).is_none();
        (old && may).then(|| self.start_fetch())
    }

    fn start_fetch(&mut self) -> watch::Sender<()> {
        let (done, ended) = watch::channel(());
        self.in_flight = Some(ended);
        done
    }

    fn remaining_backoff(&self, now: Timestamp) -> Option<Duration> {
        self.failure.and_then(|failure| remaining(failure.at, failure.backoff, now))
    }

    fn unavailable(&self, now: Timestamp, cooldown_left: Option<Duration>) -> TokenError {
        let retry_after = self.remaining_backoff(now).max(cooldown_left).unwrap_or(INITIAL_BACKOFF);
        TokenError::KeysUnavailable { retry_after }
    }
}

/// How long ago that was. A clock that was set back makes things new, not old.
fn age(since: Timestamp, now: Timestamp) -> Duration {
    let millis = now.as_unix_millis().saturating_sub(since.as_unix_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// What is left of a span, if anything. A clock that was set back ends it, so that nobody waits
/// for a time that is long in coming.
fn remaining(since: Timestamp, span: Duration, now: Timestamp) -> Option<Duration> {
    if now < since {
        return None;
    }
    span.checked_sub(age(since, now)).filter(|left| !left.is_zero())
}
