//! The keys of issuers, kept between fetches.
//!
//! - Keys are kept per [`KeySetLocation`], so that a `kid` means nothing outside its issuer.
//! - First use fetches; all who come meanwhile wait for that one fetch. It runs in a task of its
//!   own, so that nobody who goes away takes it along.
//! - Keys older than `refresh` go on serving while one fetch renews them in the background.
//! - A token with an unknown key brings about one fetch, at most once per `cooldown` and issuer.
//! - While fetches fail, keys serve up to `stale_bound` after the last good one. The next try
//!   comes after 1 s, 2 s, 4 s … up to `cooldown`; who comes in between is told at once.
//!
//! A template matches endlessly many names, and anybody can write one into a token. So the number
//! of issuers that are remembered is bounded, strangers are forgotten first, and they have fetches
//! of their own: a flood of made-up names does not hold up the issuers that are in use.
//!
//! What one issuer is due is decided in `slot.rs`, without tasks or locks.

mod slot;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use domain::Timestamp;
use ports::{Clock, KeySetLocation, KeySource};
use tokio::sync::{Semaphore, watch};

use crate::error::TokenError;
use crate::keys::{VerifyingKey, Wanted};
use ports::error_chain;
use slot::{Outcome, Rotation, Slot, Step, Warmth};

/// How long keys are kept, and how often an issuer may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCacheSettings {
    /// At most one fetch for an unknown key per issuer in this time; also the longest pause
    /// between fetches that fail.
    pub cooldown: Duration,
    /// Keys of this age are renewed when they are used.
    pub refresh: Duration,
    /// Keys of this age are no longer used.
    pub stale_bound: Duration,
}

impl Default for KeyCacheSettings {
    fn default() -> Self {
        Self {
            cooldown: Duration::from_secs(30),
            refresh: Duration::from_mins(5),
            stale_bound: Duration::from_hours(1),
        }
    }
}

/// How much a flood of made-up names can take up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Issuers that are remembered.
    pub(crate) issuers: usize,
    /// Fetches at a time, of issuers whose keys were had before and again of those never had.
    pub(crate) fetches: usize,
    /// Strangers whose fetch runs or waits; the next one is sent away.
    pub(crate) strangers: usize,
}

impl Bounds {
    const DEFAULT: Self = Self { issuers: 10_000, fetches: 8, strangers: 64 };
}

/// The keys of issuers, kept between fetches.
#[derive(Clone)]
pub(crate) struct KeyCache(Arc<Shared>);

struct Shared {
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    settings: KeyCacheSettings,
    bounds: Bounds,
    issuers: RwLock<HashMap<KeySetLocation, Arc<Issuer>>>,
    /// Counts uses, to tell which issuer was used longest ago.
    uses: AtomicU64,
    known: Semaphore,
    strangers: Semaphore,
    strangers_at_all: Semaphore,
}

/// One issuer that is remembered.
#[derive(Default)]
struct Issuer {
    slot: Mutex<Slot>,
    last_use: AtomicU64,
}

impl Issuer {
    /// A panic under the lock would be a bug, but not one that should stop every later request.
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl KeyCache {
    pub(crate) fn new(
        source: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: KeyCacheSettings,
    ) -> Self {
        Self::with_bounds(source, clock, settings, Bounds::DEFAULT)
    }

    pub(crate) fn with_bounds(
        source: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: KeyCacheSettings,
        bounds: Bounds,
    ) -> Self {
        Self(Arc::new(Shared {
            source,
            clock,
            settings,
            bounds,
            issuers: RwLock::default(),
            uses: AtomicU64::default(),
            known: Semaphore::new(bounds.fetches),
            strangers: Semaphore::new(bounds.fetches),
            strangers_at_all: Semaphore::new(bounds.strangers),
        }))
    }

    /// The issuer's key for a token, fetched if need be.
    pub(crate) async fn key(
        &self,
        address: &KeySetLocation,
        wanted: &Wanted<'_>,
    ) -> Result<Arc<VerifyingKey>, TokenError> {
        let issuer = self.0.issuer(address);
        // Whether a fetch that began after this call has ended: then there is nothing newer to
        // wait for. One that was under way already may have been answered before the issuer
        // published the key, but the one after it was not. So this waits twice at most.
        let (mut has_waited, mut informed) = (false, false);
        loop {
            let now = self.0.clock.now();
            // The lock must be gone before a task is spawned: a runtime that shuts down drops the
            // task there and then, and dropping it takes the lock.
            let step = issuer.slot().step(wanted, now, informed, &self.0.settings);
            let mut done = match step {
                Step::Answer { answer, begin } => {
                    if let Some(done) = begin {
                        self.spawn(address, &issuer, done);
                    }
                    return answer;
                }
                Step::Begin(done) => {
                    let ended = done.subscribe();
                    self.spawn(address, &issuer, done);
                    informed = true;
                    ended
                }
                Step::Join(ended) => {
                    informed = has_waited;
                    ended
                }
            };
            // An error means that the sender is gone, which is how every fetch ends.
            let _ = done.changed().await;
            has_waited = true;
        }
    }

    /// Whether the issuer has keys that can be used, fetched if need be.
    pub(crate) async fn has_keys(&self, address: &KeySetLocation) -> bool {
        let issuer = self.0.issuer(address);
        let mut informed = false;
        loop {
            let now = self.0.clock.now();
            let step = issuer.slot().keys_at_all(now, informed, &self.0.settings);
            let mut done = match step {
                Warmth::Warm { begin } => {
                    if let Some(done) = begin {
                        self.spawn(address, &issuer, done);
                    }
                    return true;
                }
                Warmth::Cold => return false,
                Warmth::Begin(done) => {
                    let ended = done.subscribe();
                    self.spawn(address, &issuer, done);
                    ended
                }
                Warmth::Join(ended) => ended,
            };
            let _ = done.changed().await;
            informed = true;
        }
    }

    /// Whether that very key would still be given for a token now. It counts as a use.
    pub(crate) fn holds(
        &self,
        address: &KeySetLocation,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
    ) -> bool {
        let Some(issuer) = self.0.remembered(address) else { return false };
        let (held, begin) = issuer.slot().holds(key, now, &self.0.settings);
        if let Some(done) = begin {
            self.spawn(address, &issuer, done);
        }
        held
    }

    /// Starts a fetch. `done` ends it for all who wait, when it is dropped.
    fn spawn(&self, address: &KeySetLocation, issuer: &Arc<Issuer>, done: watch::Sender<()>) {
        let fetch = Fetch {
            shared: Arc::clone(&self.0),
            address: address.clone(),
            issuer: Arc::clone(issuer),
            // What remains if the task panics, or goes down with its runtime.
            outcome: Outcome::Failed,
            _done: done,
        };
        tokio::spawn(fetch.run());
    }
}

impl Shared {
    fn remembered(&self, address: &KeySetLocation) -> Option<Arc<Issuer>> {
        let issuers = self.issuers.read().unwrap_or_else(PoisonError::into_inner);
        let issuer = issuers.get(address)?;
        issuer.last_use.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(issuer))
    }

    fn issuer(&self, address: &KeySetLocation) -> Arc<Issuer> {
        if let Some(issuer) = self.remembered(address) {
            return issuer;
        }
        let mut issuers = self.issuers.write().unwrap_or_else(PoisonError::into_inner);
        if !issuers.contains_key(address) && issuers.len() >= self.bounds.issuers {
            forget_some(&mut issuers);
        }
        let issuer = Arc::clone(issuers.entry(address.clone()).or_default());
        issuer.last_use.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        issuer
    }

    async fn fetched(&self, address: &KeySetLocation, stranger: bool) -> Outcome {
        // Semaphores that nobody closes give a permit sooner or later.
        let (_place, _turn) = if stranger {
            let Ok(place) = self.strangers_at_all.try_acquire() else { return Outcome::NotTried };
            (Some(place), self.strangers.acquire().await)
        } else {
            (None, self.known.acquire().await)
        };
        match self.source.fetch(address).await {
            Ok(keys) => Outcome::Fetched(keys),
            Err(error) => {
                let error = error_chain(&error);
                let issuer = &address.issuer;
                tracing::warn!(issuer, error, "the keys of an issuer could not be fetched");
                Outcome::Failed
            }
        }
    }
}

/// Makes room: strangers go first, then whoever was used longest ago. A sixteenth goes at once,
/// so that looking through all of them is not the price of each new name.
fn forget_some(issuers: &mut HashMap<KeySetLocation, Arc<Issuer>>) {
    let mut ranked: Vec<_> = issuers
        .iter()
        .map(|(address, issuer)| {
            let worth = issuer.slot().worth();
            (worth, issuer.last_use.load(Ordering::Relaxed), address.clone())
        })
        .collect();
    ranked.sort_unstable();
    let count = (ranked.len() / 16).max(1);
    for (_, _, address) in ranked.into_iter().take(count) {
        issuers.remove(&address);
    }
}

/// A fetch under way. However it ends, its end is recorded and those who wait are woken.
struct Fetch {
    shared: Arc<Shared>,
    address: KeySetLocation,
    issuer: Arc<Issuer>,
    outcome: Outcome,
    _done: watch::Sender<()>,
}

impl Fetch {
    async fn run(mut self) {
        let stranger = self.issuer.slot().is_stranger();
        self.outcome = self.shared.fetched(&self.address, stranger).await;
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Outcome::Failed);
        let now = self.shared.clock.now();
        let rotation = self.issuer.slot().ended(outcome, now, &self.shared.settings);
        if let Some(Rotation { kept, new, gone }) = rotation {
            let issuer = &self.address.issuer;
            tracing::info!(issuer, kept, new, gone, "the keys of an issuer have changed");
        }
        // Only now `_done` goes, and whoever waits finds the new state.
    }
}

#[cfg(test)]
mod tests;
