//! How long to wait between two sends of a request.

use std::time::Duration;

use aws_lc_rs::rand;

use crate::error::Failure;

/// The longest first wait after a failure; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(100);
/// What is added at most to a wait that Auth0 asked for, so that not everybody comes back at once.
const SPREAD: Duration = Duration::from_millis(250);

/// Waits, for something that is done without anybody waiting for it.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// How long to wait before the next send, after this many.
pub(crate) fn pause_after(failure: &Failure, attempt: u32) -> Duration {
    if let Failure::Status { retry_after: Some(wait), .. } = failure {
        wait.saturating_add(up_to(SPREAD))
    } else {
        up_to(BACKOFF.saturating_mul(2_u32.saturating_pow(attempt - 1)))
    }
}

/// A random duration from zero to this one.
pub(crate) fn up_to(most: Duration) -> Duration {
    let mut bytes = [u8::MAX; 2];
    // Without randomness the longest wait will do.
    let _ = rand::fill(&mut bytes);
    most.mul_f64(f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests;
