//! How long to wait between two sends of a request.

use std::time::Duration;

use aws_lc_rs::rand;

use crate::error::RequestError;

/// The longest first wait after a failure; it doubles with each.
const BASE_BACKOFF: Duration = Duration::from_millis(100);
/// What is added at most to a wait that Auth0 asked for, so that not everybody comes back at once.
const MAX_JITTER: Duration = Duration::from_millis(250);

/// Waits, for something that is done without anybody waiting for it.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// How long to wait before the next send, after this many.
pub(crate) fn retry_delay(error: &RequestError, attempt: u32) -> Duration {
    if let RequestError::ServerError { retry_after: Some(wait), .. } = error {
        wait.saturating_add(jitter(MAX_JITTER))
    } else {
        jitter(BASE_BACKOFF.saturating_mul(2_u32.saturating_pow(attempt - 1)))
    }
}

/// A random duration from zero to this one.
pub(crate) fn jitter(max: Duration) -> Duration {
    let mut bytes = [u8::MAX; 2];
    // Without randomness the longest wait will do.
    let _ = rand::fill(&mut bytes);
    max.mul_f64(f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests;
