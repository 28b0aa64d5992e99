//! A key source under the control of the test.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use tokio::sync::Semaphore;

/// A key source that returns what the test publishes, and records each fetch.
#[derive(Debug)]
pub(crate) struct FakeKeySource {
    state: Mutex<State>,
    /// Each fetch consumes a permit. A test that blocks fetches releases them one by one.
    permits: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    keys: HashMap<String, Vec<PublicKey>>,
    fetched: Vec<KeySetLocation>,
    running: usize,
    max_running: usize,
    missing: HashSet<String>,
    is_failing: bool,
    is_panicking: bool,
}

const UNLIMITED: usize = 1_000_000;

impl FakeKeySource {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), permits: Semaphore::new(UNLIMITED) })
    }

    /// Sets the keys that the issuer publishes.
    pub(crate) fn publish(&self, issuer: &str, keys: &[PublicKey]) {
        self.state.lock().keys.insert(issuer.to_owned(), keys.to_vec());
    }

    /// Sets whether the source responds that the issuer does not exist.
    pub(crate) fn set_missing(&self, issuer: &str, is_missing: bool) {
        let mut state = self.state.lock();
        if is_missing {
            state.missing.insert(issuer.to_owned());
        } else {
            state.missing.remove(issuer);
        }
    }

    /// Sets whether fetches fail.
    pub(crate) fn set_failing(&self, is_failing: bool) {
        self.state.lock().is_failing = is_failing;
    }

    /// Sets whether fetches panic.
    pub(crate) fn set_panicking(&self, is_panicking: bool) {
        self.state.lock().is_panicking = is_panicking;
    }

    /// Blocks fetches until they are released.
    pub(crate) fn block_fetches(&self) {
        self.permits.forget_permits(usize::MAX);
    }

    /// Releases this many fetches.
    pub(crate) fn release_fetches(&self, count: usize) {
        self.permits.add_permits(count);
    }

    /// Returns how many fetches were started.
    pub(crate) fn fetch_count(&self) -> usize {
        self.state.lock().fetched.len()
    }

    /// Returns the location of each fetch.
    pub(crate) fn fetched_locations(&self) -> Vec<KeySetLocation> {
        self.state.lock().fetched.clone()
    }

    /// Returns the greatest number of concurrent fetches so far.
    pub(crate) fn max_running(&self) -> usize {
        self.state.lock().max_running
    }
}

#[async_trait]
impl KeySource for FakeKeySource {
    async fn fetch(&self, location: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        {
            let mut state = self.state.lock();
            state.fetched.push(location.clone());
            state.running += 1;
            state.max_running = state.max_running.max(state.running);
        }
        self.permits.acquire().await.unwrap().forget();
        let mut state = self.state.lock();
        state.running -= 1;
        assert!(!state.is_panicking, "the test requested a panic");
        if state.missing.contains(&location.issuer) {
            return Err(KeySourceError::NotFound("the test requested it".into()));
        }
        match state.keys.get(&location.issuer) {
            Some(keys) if !state.is_failing => Ok(keys.clone()),
            Some(_) | None => Err(KeySourceError::Timeout),
        }
    }
}

/// Runs all tasks that are ready. On the current-thread runtime of a test, each yield runs them
/// once.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
