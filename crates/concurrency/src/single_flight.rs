//! Sharing of one call among the tasks that want its result at the same time.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// Lets one task at a time fetch something that others wait for.
///
/// A success is shared through the caller's cache: a waiter looks there before it fetches. A
/// failure is shared with the tasks that waited while it happened, so that they do not fail one
/// after the other. If the fetching task is cancelled, the next waiter fetches.
#[derive(Debug)]
pub struct SingleFlight<E> {
    /// The failure of the last fetch, if it failed with one that is shared, and when.
    last_failure: Mutex<Option<(Instant, E)>>,
    is_shared: fn(&E) -> bool,
    failure_ttl: Duration,
}

/// Why [`SingleFlight::join`] returned no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinError<E> {
    /// The deadline passed while another task was fetching.
    DeadlineExceeded,
    /// The fetch failed, be it this task's or the one it waited for.
    Failed(E),
}

impl<E: Clone> SingleFlight<E> {
    /// A single flight whose waiters take over the failures for which `is_shared` returns true.
    /// After any other failure the next waiter fetches itself.
    pub fn new(is_shared: fn(&E) -> bool) -> Self {
        Self { last_failure: Mutex::new(None), is_shared, failure_ttl: Duration::ZERO }
    }

    /// The same, but shared failures also go to the tasks that join up to this long after them.
    #[must_use]
    pub fn with_failure_ttl(self, failure_ttl: Duration) -> Self {
        Self { failure_ttl, ..self }
    }

    /// Waits for the tasks that joined before, then returns what `cached` has or else fetches.
    ///
    /// The deadline limits the waiting only; `fetch` has to end by itself.
    ///
    /// # Errors
    /// If the deadline passes while this task waits, if the fetch that it waited for failed with a
    /// shared failure, or if its own fetch fails.
    ///
    /// # Cancel safety
    /// Dropping the future drops `fetch` and lets the next waiter continue.
    pub async fn join<T>(
        &self,
        deadline: Instant,
        cached: impl Fn() -> Option<T>,
        fetch: impl Future<Output = Result<T, E>>,
    ) -> Result<T, JoinError<E>> {
        let arrival = Instant::now();
        let Ok(mut last_failure) = timeout_at(deadline, self.last_failure.lock()).await else {
            return Err(JoinError::DeadlineExceeded);
        };
        if let Some(value) = cached() {
            return Ok(value);
        }
        if let Some((when, failure)) = &*last_failure
            && *when + self.failure_ttl >= arrival
        {
            return Err(JoinError::Failed(failure.clone()));
        }
        let outcome = fetch.await;
        *last_failure = match &outcome {
            Err(failure) if (self.is_shared)(failure) => Some((Instant::now(), failure.clone())),
            Ok(_) | Err(_) => None,
        };
        outcome.map_err(JoinError::Failed)
    }
}

#[cfg(test)]
mod tests;
