//! The log of spans that did not reach the collector.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two warnings.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// Counts lost spans and logs them once a minute at most.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Spans lost since the last log message about them.
    unlogged: u64,
    warned_at: Option<Instant>,
    /// Whether the last log message is a warning.
    is_warning: bool,
}

impl Losses {
    /// Records the outcome of one batch: the number of spans lost since the last batch, and why the
    /// request failed if it did.
    pub(super) fn record(&mut self, lost: u64, error: Option<&str>) {
        self.unlogged += lost;
        if lost == 0 {
            if self.is_warning {
                tracing::info!(lost = self.unlogged, "traces reach the collector again");
                (self.unlogged, self.is_warning) = (0, false);
            }
        } else if self.warned_at.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL) {
            tracing::warn!(lost = self.unlogged, error, "spans do not reach the collector");
            (self.unlogged, self.is_warning) = (0, true);
            self.warned_at = Some(Instant::now());
        }
    }

    /// Logs what [`Losses::record`] has not logged, together with these last ones.
    pub(super) fn finish(&mut self, lost: u64) {
        self.unlogged += lost;
        if self.unlogged > 0 {
            tracing::warn!(lost = self.unlogged, "more spans did not reach the collector");
            self.unlogged = 0;
        }
    }
}
