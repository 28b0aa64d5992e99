//! The time at which every test starts.

use std::sync::Arc;

use conformance::ManualClock;
use domain::Timestamp;

/// The initial time of every test: 2027-01-15T08:00:00Z.
pub(crate) const START_SECONDS: i64 = 1_800_000_000;

/// Returns a clock at [`START_SECONDS`].
pub(crate) fn clock_at_start() -> Arc<ManualClock> {
    let start = Timestamp::from_unix_millis(START_SECONDS * 1000).unwrap();
    Arc::new(ManualClock::at(start))
}
