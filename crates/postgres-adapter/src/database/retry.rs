//! Transactions that are tried again.

use std::time::Duration;

use ports::PortResult;
use rand::RngExt as _;

use crate::database::failure::Failure;

/// How often a transaction is tried.
const MAX_ATTEMPTS: u32 = 5;
/// The greatest pause after the first attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Runs the transaction, and runs it again if another one was in the way or the connection was lost
/// before anything was done.
pub(crate) async fn retry<T, F>(transaction: impl Fn() -> F) -> PortResult<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut attempt = 1;
    loop {
        match transaction().await {
            Ok(value) => return Ok(value),
            Err(failure) if failure.is_transient() && attempt < MAX_ATTEMPTS => {
                // Two transactions that were in each other's way must not meet again.
                let longest = FIRST_PAUSE * 2_u32.pow(attempt - 1);
                let pause = longest.mul_f64(rand::rng().random_range(0.0..1.0));
                wait(pause).await;
                attempt += 1;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Waits between two attempts.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(crate) async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}
