//! A clock that never goes back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ports::Clock;

/// The time since the start, by a clock that may be set.
///
/// A clock that is set back would hold everybody up until the time has come again; here that
/// moment just takes no time. One that is set forward gives a minute's budget away, once.
#[derive(Debug, Clone)]
pub(super) struct Elapsed {
    clock: Arc<dyn Clock>,
    /// What the clock last said, and what has passed until then, in milliseconds.
    last: Arc<Mutex<(i64, u64)>>,
}

/// No budget takes longer to be whole again, so more need not pass at once.
const ENOUGH: u64 = 3_600_000;

impl Elapsed {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now().as_unix_millis();
        Self { clock, last: Arc::new(Mutex::new((now, 0))) }
    }
}

impl governor::clock::Clock for Elapsed {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that two threads do not make time pass backwards and forwards.
        let now = self.clock.now().as_unix_millis();
        let (before, passed) = *last;
        let step = u64::try_from(now.saturating_sub(before)).unwrap_or(0).min(ENOUGH);
        *last = (now, passed.saturating_add(step));
        Duration::from_millis(last.1)
    }
}
