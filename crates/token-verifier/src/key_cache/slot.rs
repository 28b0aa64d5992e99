//! What one issuer is due: a fetch, a wait, a key or a refusal.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use ports::PublicKey;
use tokio::sync::watch;

use super::KeyCacheSettings;
use crate::error::{Reason, TokenError};
use crate::keys::{Found, KeySet, VerifyingKey, Wanted};

/// The first pause after a fetch that failed.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What is known of one issuer.
#[derive(Debug, Default)]
pub(super) struct Slot {
    kept: Option<Kept>,
    failure: Option<Failure>,
    /// When a fetch was last begun for an unknown key.
    sought_at: Option<Timestamp>,
    /// The fetch under way; its sender is dropped when it has ended.
    under_way: Option<watch::Receiver<()>>,
}

#[derive(Debug)]
struct Kept {
    keys: KeySet,
    since: Timestamp,
}

/// That the last fetch failed, and how long it is best to wait.
#[derive(Debug, Clone, Copy)]
struct Failure {
    at: Timestamp,
    pause: Duration,
}

/// How a fetch ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Fetched(Vec<PublicKey>),
    Failed,
    /// There were too many before it.
    NotTried,
}

/// What to do for a token.
#[derive(Debug)]
pub(super) enum Step {
    /// Answer at once, and begin a fetch for others if a sender is there.
    Answer { answer: Result<Arc<VerifyingKey>, TokenError>, begin: Option<watch::Sender<()>> },
    /// Begin a fetch, wait for it and ask again.
    Begin(watch::Sender<()>),
    /// Wait for the fetch under way and ask again.
    Join(watch::Receiver<()>),
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
        let kept = after.in_common_with(before);
        let (new, gone) = (after.len() - kept, before.len() - kept);
        (new + gone > 0).then_some(Self { kept, new, gone })
    }
}

/// Whether there are keys at all, or what to do about it.
#[derive(Debug)]
pub(super) enum Warmth {
    /// There are; a fetch renews them if a sender is there.
    Warm { begin: Option<watch::Sender<()>> },
    /// There are none, and it is no use to try now.
    Cold,
    /// Begin a fetch, wait for it and ask again.
    Begin(watch::Sender<()>),
    /// Wait for the fetch under way and ask again.
    Join(watch::Receiver<()>),
}

impl Slot {
    /// Whether there are keys at all. `informed`: a fetch that was waited for has ended.
    pub(super) fn keys_at_all(
        &mut self,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> Warmth {
        if self.has_usable(now, settings) {
            return Warmth::Warm { begin: self.begin_if_due(now, settings) };
        }
        // A set without a key in it is as good as none, but it was had: no more often than for a
        // key that is unknown is there another one.
        let had = self.kept.as_ref().map(|kept| kept.since);
        if informed || had.is_some_and(|since| left(since, settings.cooldown, now).is_some()) {
            return Warmth::Cold;
        }
        match self.without_keys(now, informed) {
            Step::Answer { .. } => Warmth::Cold,
            Step::Begin(done) => Warmth::Begin(done),
            Step::Join(ended) => Warmth::Join(ended),
        }
    }

    /// Whether there are keys that may be used.
    fn has_usable(&self, now: Timestamp, settings: &KeyCacheSettings) -> bool {
        self.usable(now, settings).is_some_and(|keys| !keys.is_empty())
    }

    /// What to do for a token that wants this key.
    ///
    /// `informed`: a fetch that began after the token came has ended.
    pub(super) fn step(
        &mut self,
        wanted: &Wanted<'_>,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> Step {
        let found = match self.usable(now, settings) {
            Some(keys) => keys.find(wanted),
            None => return self.without_keys(now, informed),
        };
        let answer = match found {
            Found::Key(key) => Ok(key),
            Found::Unfit(reason) => Err(TokenError::Invalid(reason)),
            Found::Nothing => match self.unknown_key(now, informed, settings) {
                Err(step) => return step,
                Ok(error) => Err(error),
            },
        };
        Step::Answer { answer, begin: self.begin_if_due(now, settings) }
    }

    /// Whether that very key is still good, and the start of a fetch if one is due.
    pub(super) fn holds(
        &mut self,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> (bool, Option<watch::Sender<()>>) {
        let held = self.usable(now, settings).is_some_and(|keys| keys.holds(key));
        (held, if held { self.begin_if_due(now, settings) } else { None })
    }

    /// Records how the fetch under way ended.
    /// Answers how the keys have changed, if there were some before and they have.
    pub(super) fn ended(
        &mut self,
        outcome: Outcome,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<Rotation> {
        self.under_way = None;
        match outcome {
            Outcome::Fetched(fetched) => {
                let before = self.kept.take().map(|kept| kept.keys);
                let keys = match &before {
                    Some(before) => before.renewed(fetched),
                    None => KeySet::default().renewed(fetched),
                };
                let rotation = before.and_then(|before| Rotation::between(&before, &keys));
                self.kept = Some(Kept { keys, since: now });
                self.failure = None;
                return rotation;
            }
            Outcome::Failed => {
                let pause =
                    self.failure.map_or(FIRST_PAUSE, |before| before.pause.saturating_mul(2));
                self.failure = Some(Failure { at: now, pause: pause.min(settings.cooldown) });
            }
            Outcome::NotTried => {}
        }
        None
    }

    /// Whether its keys were never had.
    pub(super) fn is_stranger(&self) -> bool {
        self.kept.is_none()
    }

    /// How much would be lost if this issuer were forgotten.
    pub(super) fn worth(&self) -> u8 {
        match (&self.kept, &self.under_way) {
            (None, None) => 0,
            (None, Some(_)) => 1,
            (Some(_), _) => 2,
        }
    }

    fn usable(&self, now: Timestamp, settings: &KeyCacheSettings) -> Option<&KeySet> {
        let kept = self.kept.as_ref()?;
        (age(kept.since, now) < settings.stale_bound).then_some(&kept.keys)
    }

    fn without_keys(&mut self, now: Timestamp, informed: bool) -> Step {
        if let (Some(ended), false) = (&self.under_way, informed) {
            Step::Join(ended.clone())
        } else if informed || self.pause_left(now).is_some() {
            Step::Answer { answer: Err(self.unavailable(now, None)), begin: None }
        } else {
            Step::Begin(self.begin())
        }
    }

    /// The refusal of a token whose key is not there, or what must be done before.
    fn unknown_key(
        &mut self,
        now: Timestamp,
        informed: bool,
        settings: &KeyCacheSettings,
    ) -> Result<TokenError, Step> {
        let cooldown_left = self.sought_at.and_then(|at| left(at, settings.cooldown, now));
        if !informed {
            if let Some(ended) = &self.under_way {
                return Err(Step::Join(ended.clone()));
            }
            if cooldown_left.is_none() && self.pause_left(now).is_none() {
                self.sought_at = Some(now);
                return Err(Step::Begin(self.begin()));
            }
        }
        Ok(match self.failure {
            None => TokenError::Invalid(Reason::UnknownKey),
            // The issuer may have the key by now: nobody can say that the token is bad.
            Some(_) => self.unavailable(now, cooldown_left),
        })
    }

    /// The start of a fetch in the background, if the keys are old enough.
    fn begin_if_due(
        &mut self,
        now: Timestamp,
        settings: &KeyCacheSettings,
    ) -> Option<watch::Sender<()>> {
        let old = self.kept.as_ref().is_some_and(|kept| age(kept.since, now) >= settings.refresh);
        let may = self.under_way.is_none() && self.pause_left(now).is_none();
        (old && may).then(|| self.begin())
    }

    fn begin(&mut self) -> watch::Sender<()> {
        let (done, ended) = watch::channel(());
        self.under_way = Some(ended);
        done
    }

    fn pause_left(&self, now: Timestamp) -> Option<Duration> {
        self.failure.and_then(|failure| left(failure.at, failure.pause, now))
    }

    fn unavailable(&self, now: Timestamp, cooldown_left: Option<Duration>) -> TokenError {
        let retry_after = self.pause_left(now).max(cooldown_left).unwrap_or(FIRST_PAUSE);
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
fn left(since: Timestamp, span: Duration, now: Timestamp) -> Option<Duration> {
    if now < since {
        return None;
    }
    span.checked_sub(age(since, now)).filter(|left| !left.is_zero())
}
