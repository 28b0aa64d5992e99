//! The cache of all issuers, and the tasks that fetch for it.

use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::Timestamp;
use futures_util::future::{Either, select};
use parking_lot::RwLock;
use ports::{Clock, KeySetLocation, KeySource, KeySourceError, error_chain};
use tokio::sync::{Notify, Semaphore};

use super::first_fetches::{ClientNetwork, FirstFetchPermit, FirstFetches};
use super::issuer_state::{Decision, FetchOutcome, IssuerState, Rotation, Situation, Waited};
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
    /// The number of the last use, to find the least recently used issuer.
    uses: AtomicU64,
    refetch_permits: Semaphore,
    first_fetches: FirstFetches,
}

/// An issuer in the cache.
pub(crate) struct CachedIssuer {
    location: KeySetLocation,
    state: RwLock<IssuerState>,
    /// Whether the settings name the issuer. A reload can change it.
    is_known: AtomicBool,
    is_evicted: AtomicBool,
    last_use: AtomicU64,
    /// Wakes the requests that wait for a permit when another one starts the fetch.
    fetch_started: Notify,
}

impl fmt::Debug for CachedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedIssuer").field("location", &self.location).finish_non_exhaustive()
    }
}

impl CachedIssuer {
    fn new(location: KeySetLocation) -> Self {
        Self {
            location,
            state: RwLock::default(),
            is_known: AtomicBool::default(),
            is_evicted: AtomicBool::default(),
            last_use: AtomicU64::default(),
            fetch_started: Notify::default(),
        }
    }
}

/// The keys of an issuer for a token.
pub(crate) type IssuerKeys = (Arc<CachedIssuer>, Vec<Arc<VerifyingKey>>);

/// A request for the keys of an issuer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRequest<'a> {
    /// The issuer.
    pub(crate) location: &'a KeySetLocation,
    /// Whether the settings name the issuer.
    pub(crate) is_known: bool,
    /// The network of the client that sent the token.
    pub(crate) client: ClientNetwork,
}

/// The `retry_after` of a request that got no permit for a first fetch.
const RETRY_AFTER_NO_PERMIT: Duration = Duration::from_secs(1);

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
            // Not zero, the last use of an issuer that has just been added.
            uses: AtomicU64::new(1),
            refetch_permits: Semaphore::new(limits.concurrent_refetches),
            first_fetches: FirstFetches::new(limits.first_fetches),
        }))
    }

    /// Returns the issuer's keys for a token, fetched if necessary.
    pub(crate) async fn keys(
        &self,
        request: KeyRequest<'_>,
        query: &KeyQuery<'_>,
    ) -> Result<IssuerKeys, TokenError> {
        let decide = |state: &mut IssuerState, situation| {
            state.decide_keys(query, situation, &self.0.settings)
        };
        let unavailable = TokenError::KeysUnavailable { retry_after: RETRY_AFTER_NO_PERMIT };
        let issuer = self.0.issuer(request.location);
        let keys = self.resolve(&issuer, request, decide).await.unwrap_or(Err(unavailable))?;
        Ok((issuer, keys))
    }

    /// Returns whether an issuer that the settings name has keys that can be used, fetched if
    /// necessary.
    pub(crate) async fn has_keys(&self, location: &KeySetLocation) -> bool {
        let client = ClientNetwork::of(None);
        let decide =
            |state: &mut IssuerState, situation| state.decide_has_keys(situation, &self.0.settings);
        let request = KeyRequest { location, is_known: true, client };
        let issuer = self.0.issuer(location);
        self.resolve(&issuer, request, decide).await.unwrap_or(false)
    }

    /// Decides, fetches or waits, and decides again until there is an answer. Waits for two fetches
    /// at most: one that was in flight before, and the next. Returns `None` if a permit is necessary
    /// and too many requests wait for one.
    async fn resolve<T>(
        &self,
        issuer: &Arc<CachedIssuer>,
        request: KeyRequest<'_>,
        decide: impl Fn(&mut IssuerState, Situation) -> Decision<T>,
    ) -> Option<T> {
        let KeyRequest { location: _, is_known, client } = request;
        issuer.is_known.store(is_known, Ordering::Relaxed);
        let (mut waited, mut permit) = (Waited::No, None);
        loop {
            // Created before the decision, so that no start of a fetch is missed.
            let fetch_started = pin!(issuer.fetch_started.notified());
            let may_fetch_first = is_known || permit.is_some();
            let situation = Situation { now: self.0.clock.now(), waited, may_fetch_first };
            // The lock must be released before a task is spawned: a runtime that is shutting down
            // drops the task at once, and its drop takes the lock.
            let decision = decide(&mut issuer.state.write(), situation);
            let in_flight = match decision {
                Decision::Respond { answer, refresh } => {
                    if let Some(guard) = refresh {
                        self.spawn_fetch(issuer, guard, None);
                    }
                    return Some(answer);
                }
                Decision::AcquirePermit => {
                    // Each request waits in the queue of its own client. If another client's gets
                    // its permit first, this one waits for that fetch instead.
                    let acquired = pin!(self.0.first_fetches.acquire(client));
                    if let Either::Left((acquired, _)) = select(acquired, fetch_started).await {
                        permit = Some(acquired?);
                    }
                    continue;
                }
                Decision::StartFetch(guard) => {
                    let in_flight = guard.in_flight();
                    self.spawn_fetch(issuer, guard, permit.take());
                    issuer.fetch_started.notify_waiters();
                    waited = Waited::ForLaterFetch;
                    in_flight
                }
                Decision::AwaitFetch(in_flight) => {
                    permit = None;
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

    /// Returns whether exactly this key of the issuer would be returned for a token now. Counts as a
    /// use. Every request with a cached token comes here, so there is no exclusive lock.
    pub(crate) fn is_current(
        &self,
        issuer: &Arc<CachedIssuer>,
        key: &Arc<VerifyingKey>,
        now: Timestamp,
    ) -> bool {
        if issuer.is_evicted.load(Ordering::Relaxed) {
            return false;
        }
        self.0.record_use(issuer);
        let (settings, state) = (&self.0.settings, issuer.state.read());
        let is_current = state.is_current(key, now, settings);
        if is_current && state.is_refresh_due(now, settings) {
            drop(state);
            // The lock must be released before a task is spawned, as in `resolve`.
            let refresh = issuer.state.write().start_refresh_if_due(now, settings);
            if let Some(guard) = refresh {
                self.spawn_fetch(issuer, guard, None);
            }
        }
        is_current
    }

    fn spawn_fetch(
        &self,
        issuer: &Arc<CachedIssuer>,
        guard: FetchGuard,
        permit: Option<FirstFetchPermit>,
    ) {
        let task = FetchTask {
            shared: Arc::clone(&self.0),
            issuer: Arc::clone(issuer),
            // The outcome if the task panics, or is dropped with its runtime.
            outcome: FetchOutcome::Failed,
            permit,
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
        let new = || Arc::new(CachedIssuer::new(location.clone()));
        let issuer = Arc::clone(issuers.entry(location.clone()).or_insert_with(new));
        self.record_use(&issuer);
        issuer
    }

    /// Makes the issuer the one that was used last. Writes nothing if it is already, so that the
    /// requests of one issuer share the memory.
    fn record_use(&self, issuer: &CachedIssuer) {
        if issuer.last_use.load(Ordering::Relaxed) != self.uses.load(Ordering::Relaxed) {
            let number = self.uses.fetch_add(1, Ordering::Relaxed) + 1;
            issuer.last_use.store(number, Ordering::Relaxed);
        }
    }

    async fn fetch(&self, location: &KeySetLocation, is_known: bool) -> FetchOutcome {
        let issuer = &location.issuer;
        match self.source.fetch(location).await {
            Ok(keys) => FetchOutcome::Fetched(keys),
            // Anyone can name an issuer that does not exist, so this is no warning.
            Err(KeySourceError::NotFound(_)) if !is_known => {
                tracing::debug!(issuer, "issuer does not exist");
                FetchOutcome::Missing
            }
            Err(error) => {
                let error = error_chain(&error);
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
            let rank = issuer.state.read().eviction_rank();
            (rank, issuer.last_use.load(Ordering::Relaxed), location.clone())
        })
        .collect();
    ranked.sort_unstable();
    let count = (ranked.len() / 16).max(1);
    for (_, _, location) in ranked.into_iter().take(count) {
        if let Some(issuer) = issuers.remove(&location) {
            issuer.is_evicted.store(true, Ordering::Relaxed);
        }
    }
}

/// A fetch in a task of its own. However the task ends, its drop records the outcome and wakes the
/// waiters.
struct FetchTask {
    shared: Arc<Shared>,
    issuer: Arc<CachedIssuer>,
    outcome: FetchOutcome,
    permit: Option<FirstFetchPermit>,
    _guard: FetchGuard,
}

impl FetchTask {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let is_known = self.issuer.is_known.load(Ordering::Relaxed);
        // The semaphore is never closed, so that `acquire` always returns a permit.
        let _refetch_permit = if is_known || self.permit.is_some() {
            None
        } else {
            Some(shared.refetch_permits.acquire().await)
        };
        self.outcome = shared.fetch(&self.issuer.location, is_known).await;
    }
}

impl Drop for FetchTask {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, FetchOutcome::Failed);
        let now = self.shared.clock.now();
        let rotation = self.issuer.state.write().finish_fetch(outcome, now, &self.shared.settings);
        if let Some(Rotation { kept, new, gone }) = rotation {
            let issuer = &self.issuer.location.issuer;
            tracing::info!(issuer, kept, new, gone, "issuer keys changed");
        }
        // `_guard` is dropped after this, so that the waiters find the new state.
    }
}

#[cfg(test)]
mod tests;
