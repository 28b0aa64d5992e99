//! One for all: of those who want the same thing at the same moment, one fetches it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::error::Failure;

/// The turn to fetch something.
///
/// Who waited while another one failed takes that failure, so that a crowd does not fail one after
/// the other. Who goes away in the middle leaves the turn to the next.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    /// The last failure, if the last one to have the turn failed, and when.
    last: Mutex<Option<(Instant, Failure)>>,
    /// For how long a failure is also that of those who come after it.
    remember: Duration,
}

impl Flight {
    /// One whose failures hold for a while.
    pub(crate) fn remembering(remember: Duration) -> Self {
        Self { remember, ..Self::default() }
    }

    /// What is there when it is this caller's turn, or else what it fetches.
    pub(crate) async fn join<T>(
        &self,
        deadline: Instant,
        there: impl Fn() -> Option<T>,
        fetch: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let arrival = Instant::now();
        let mut last = timeout_at(deadline, self.last.lock()).await.map_err(|_| Failure::NoTime)?;
        if let Some(there) = there() {
            return Ok(there);
        }
        if let Some((when, failure)) = &*last
            && *when + self.remember >= arrival
        {
            return Err(failure.clone());
        }
        let outcome = fetch.await;
        *last = match &outcome {
            Err(failure) if failure.is_common() => Some((Instant::now(), failure.clone())),
            Ok(_) | Err(_) => None,
        };
        outcome
    }
}

#[cfg(test)]
mod tests;
