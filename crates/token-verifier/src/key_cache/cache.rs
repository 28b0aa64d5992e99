//! The cache of all issuers, and the tasks that fetch for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Timestamp;
use parking_lot::{Mutex, RwLock};
use ports::{Clock, KeySetLocation, KeySource, error_chain};
use tokio::sync::Semaphore;

use super::issuer_state::{Decision, FetchOutcome, IssuerState, Rotation, Waited};
use super::settings::{CacheLimits, KeyCacheSettings};
use super::single_flight::FetchGuard;
use crate::error::TokenError;
use crate::keys::{KeyQuery, VerifyingKey};

/// The keys of issuers. Clones share one cache.
#[derive(Clone)]
pub(crate) struct KeyCache(Arc<Shared>);

struct Shared {
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    settings: KeyCacheSettings,
    limits: CacheLimits,
    issuers: RwLock<HashMap<KeySetLocation, Arc<CachedIssuer>>>,
    /// Counts uses, to find the least recently used issuer.
    uses: AtomicU64,
    refetch_permits: Semaphore,
    first_fetch_permits: Semaphore,
    /// One permit for each first fetch that runs or waits for `first_fetch_permits`.
    pending_first_fetches: Semaphore,
}

#[derive(Default)]
struct CachedIssuer {
    state: Mutex<IssuerState>,
    last_use: AtomicU64,
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl KeyCache {
    /// Creates an empty cache. Nothing is fetched before the first request.
    pub(crate) fn new(
        source: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: KeyCacheSettings,
    ) -> Self {
        Self::with_limits(source, clock, settings, CacheLimits::DEFAULT)
    }

    fn with_limits(
        source: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: KeyCacheSettings,
        limits: CacheLimits,
    ) -> Self {
        Self(Arc::new(Shared {
            source,
            clock,
            settings,
            limits,
            issuers: RwLock::default(),
            uses: AtomicU64::default(),
            refetch_permits: Semaphore::new(limits.concurrent_fetches),
            first_fetch_permits: Semaphore::new(limits.concurrent_fetches),
            pending_first_fetches: Semaphore::new(limits.pending_first_fetches),
        }))
    }

    /// Returns the issuer's keys for a token, fetched if necessary.
    pub(crate) async fn keys(
        &self,
        location: &KeySetLocation,
        query: &KeyQuery<'_>,
    ) -> Result<Vec<Arc<VerifyingKey>>, TokenError> {
        self.resolve(location, |state, now, waited| {
            state.decide_keys(query, now, waited, &self.0.settings)
        })
        .await
    }

    /// Returns whether the issuer has keys that can be used, fetched if necessary.
    pub(crate) async fn has_keys(&self, location: &KeySetLocation) -> bool {
        self.resolve(location, |state, now, waited| {
            state.decide_has_keys(now, waited, &self.0.settings)
        })
        .await
    }

    /// Decides, fetches or waits, and decides again until there is an answer. Waits for two fetches
    /// at most: one that was in flight before, and the next.
    async fn resolve<T>(
        &self,
        location: &KeySetLocation,
        decide: impl Fn(&mut IssuerState, Timestamp, Waited) -> Decision<T>,
    ) -> T {
        let issuer = self.0.issuer(location);
        let mut waited = Waited::No;
        loop {
            let now = self.0.clock.now();
            // The lock must be released before a task is spawned: a runtime that is shutting down
            // drops the task at once, and its drop takes the lock.
            let decision = decide(&mut issuer.state.lock(), now, waited);
            let in_flight = match decision {
                Decision::Respond { answer, refresh } => {
                    if let Some(guard) = refresh {
                        self.spawn_fetch(location, &issuer, guard);
                    }
                    return answer;
                }
                Decision::StartFetch(guard) => {
                    let in_flight = guard.in_flight();
                    self.spawn_fetch(location, &issuer, guard);
                    waited = Waited::ForLaterFetch;
                    in_flight
                }
                Decision::AwaitFetch(in_flight) => {
                    waited = match waited {
                        Waited::No => Waited::ForEarlierFetch,
                        Waited::ForEarlierFetch | Waited::ForLaterFetch => Waited::ForLaterFetch,
                    };
                    in_flight
                }
            };
            in_flight.ended().await;
        }
    }

    /// Returns whether exactly this key would be returned for a token now. Counts as a use.
    pub(crate) fn is_current(
        &self,
        location: &KeySetLocation,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
    ) -> bool {
        let Some(issuer) = self.0.cached(location) else { return false };
        let (is_current, refresh) = issuer.state.lock().is_current(key, now, &self.0.settings);
        if let Some(guard) = refresh {
            self.spawn_fetch(location, &issuer, guard);
        }
        is_current
    }

    fn spawn_fetch(
        &self,
        location: &KeySetLocation,
        issuer: &Arc<CachedIssuer>,
        guard: FetchGuard,
    ) {
        let task = FetchTask {
            shared: Arc::clone(&self.0),
            location: location.clone(),
            issuer: Arc::clone(issuer),
            // The outcome if the task panics, or is dropped with its runtime.
            outcome: FetchOutcome::Failed,
            _guard: guard,
        };
        tokio::spawn(task.run());
    }
}

impl Shared {
    /// Returns the issuer if it is cached.
    fn cached(&self, location: &KeySetLocation) -> Option<Arc<CachedIssuer>> {
        let issuers = self.issuers.read();
        let issuer = issuers.get(location)?;
        self.record_use(issuer);
        Some(Arc::clone(issuer))
    }

    /// Returns the issuer, added to the cache if necessary.
    fn issuer(&self, location: &KeySetLocation) -> Arc<CachedIssuer> {
        if let Some(issuer) = self.cached(location) {
            return issuer;
        }
        let mut issuers = self.issuers.write();
        if !issuers.contains_key(location) && issuers.len() >= self.limits.issuers {
            evict(&mut issuers);
        }
        let issuer = Arc::clone(issuers.entry(location.clone()).or_default());
        self.record_use(&issuer);
        issuer
    }

    fn record_use(&self, issuer: &CachedIssuer) {
        issuer.last_use.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    async fn fetch(&self, location: &KeySetLocation, is_first: bool) -> FetchOutcome {
        // The semaphores are never closed, so that `acquire` always returns a permit.
        let (_pending, _permit) = if is_first {
            let Ok(pending) = self.pending_first_fetches.try_acquire() else {
                return FetchOutcome::Rejected;
            };
            (Some(pending), self.first_fetch_permits.acquire().await)
        } else {
            (None, self.refetch_permits.acquire().await)
        };
        match self.source.fetch(location).await {
            Ok(keys) => FetchOutcome::Fetched(keys),
            Err(error) => {
                let error = error_chain(&error);
                let issuer = &location.issuer;
                tracing::warn!(issuer, error, "issuer keys could not be fetched");
                FetchOutcome::Failed
            }
        }
    }
}

/// Evicts a sixteenth of the issuers, so that the cost of the search is shared by many insertions.
/// Issuers without keys go first, then the least recently used.
fn evict(issuers: &mut HashMap<KeySetLocation, Arc<CachedIssuer>>) {
    let mut ranked: Vec<_> = issuers
        .iter()
        .map(|(location, issuer)| {
            let rank = issuer.state.lock().eviction_rank();
            (rank, issuer.last_use.load(Ordering::Relaxed), location.clone())
        })
        .collect();
    ranked.sort_unstable();
    let count = (ranked.len() / 16).max(1);
    for (_, _, location) in ranked.into_iter().take(count) {
        issuers.remove(&location);
    }
}

/// A fetch in a task of its own. However the task ends, its drop records the outcome and wakes the
/// waiters.
struct FetchTask {
    shared: Arc<Shared>,
    location: KeySetLocation,
    issuer: Arc<CachedIssuer>,
    outcome: FetchOutcome,
    _guard: FetchGuard,
}

impl FetchTask {
    async fn run(mut self) {
        let is_first = self.issuer.state.lock().has_never_fetched();
        self.outcome = self.shared.fetch(&self.location, is_first).await;
    }
}

impl Drop for FetchTask {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, FetchOutcome::Failed);
        let now = self.shared.clock.now();
        let rotation = self.issuer.state.lock().finish_fetch(outcome, now, &self.shared.settings);
        if let Some(Rotation { kept, new, gone }) = rotation {
            let issuer = &self.location.issuer;
            tracing::info!(issuer, kept, new, gone, "issuer keys changed");
        }
        // `_guard` is dropped after this, so that the waiters find the new state.
    }
}

#[cfg(test)]
mod tests;
