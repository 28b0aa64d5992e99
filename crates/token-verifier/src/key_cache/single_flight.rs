//! Single flight: one fetch, and any number of requests that wait for its end.

use tokio::sync::watch;

/// Held by the task that fetches. Dropping it ends the fetch and wakes every waiter.
#[derive(Debug)]
pub(super) struct FetchGuard(watch::Sender<()>);

/// A fetch in flight, as its waiters see it.
#[derive(Debug, Clone)]
pub(super) struct FetchInFlight(watch::Receiver<()>);

/// Returns both sides of a new fetch.
pub(super) fn new_fetch() -> (FetchGuard, FetchInFlight) {
    let (sender, receiver) = watch::channel(());
    (FetchGuard(sender), FetchInFlight(receiver))
}

impl FetchGuard {
    /// Returns the waiters' side.
    pub(super) fn in_flight(&self) -> FetchInFlight {
        FetchInFlight(self.0.subscribe())
    }
}

impl FetchInFlight {
    /// Waits until the fetch has ended, in success, failure or panic.
    pub(super) async fn ended(mut self) {
        // Nothing is ever sent: the error of a dropped sender is the signal.
        let _ = self.0.changed().await;
    }
}
