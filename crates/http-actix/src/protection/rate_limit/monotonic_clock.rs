//! A clock that never goes back.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ports::Clock;

/// The time since the start, derived from a wall clock that may be set.
///
/// If the wall clock is set back, no time passes at that moment; otherwise callers would be blocked
/// until it catches up. If it is set forward, quotas are refilled once.
#[derive(Debug, Clone)]
pub(super) struct MonotonicClock {
    clock: Arc<dyn Clock>,
    /// The last reading of the wall clock and the time since the start, in milliseconds.
    last: Arc<Mutex<(i64, u64)>>,
}

/// The longest step; every quota is full again after less.
const MAX_STEP_MILLIS: u64 = 3_600_000;

impl MonotonicClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().as_unix_millis();
        Self { clock, last: Arc::new(Mutex::new((now, 0))) }
    }
}

impl governor::clock::Clock for MonotonicClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut last = self.last.lock();
        // Read under the lock, so that the readings of several threads are in order.
        let now = self.clock.now().as_unix_millis();
        let (before, passed) = *last;
        let step = u64::try_from(now.saturating_sub(before)).unwrap_or(0).min(MAX_STEP_MILLIS);
        *last = (now, passed.saturating_add(step));
        Duration::from_millis(last.1)
    }
}
