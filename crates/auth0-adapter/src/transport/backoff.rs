//! Delays between the attempts of a request.

use std::time::Duration;

use aws_lc_rs::rand;

use crate::error::RequestError;

/// The upper bound of the first delay after a failure; it doubles with each attempt.
const BASE_BACKOFF: Duration = Duration::from_millis(100);
/// The upper bound of the jitter added to a wait that Auth0 asked for, so that clients do not
/// return all at once.
const MAX_JITTER: Duration = Duration::from_millis(250);

/// Sleeps, within work that already runs in the background or within a deadline.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Returns the delay before the next attempt, after this many.
pub(crate) fn retry_delay(error: &RequestError, attempt: u32) -> Duration {
    if let RequestError::ServerError { retry_after: Some(wait), .. } = error {
        wait.saturating_add(jitter(MAX_JITTER))
    } else {
        jitter(BASE_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt - 1)))
    }
}

/// Returns a random duration between zero and `max`.
pub(crate) fn jitter(max: Duration) -> Duration {
    let mut bytes = [u8::MAX; 2];
    // If there is no randomness, the maximum is used.
    let _ = rand::fill(&mut bytes);
    max.mul_f64(f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests;
