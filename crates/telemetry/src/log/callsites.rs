//! Which events and spans of the program are made at all.
//!
//! What nobody wants costs a request one comparison. Spans are wanted by the log only where it shows
//! them, and by the export of traces only for requests that are sampled: those whose span exists.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::events::CurrentRequestId;

/// What the log and the other layers want.
#[derive(Debug)]
pub(super) struct Demand {
    /// The level up to which the other layers want events or spans.
    others: LevelFilter,
    /// The level up to which anybody does.
    level: RwLock<LevelFilter>,
    /// Whether the log shows spans, or filters by them.
    logs_spans: AtomicBool,
}

impl Demand {
    /// Returns the demand of the other layers.
    pub(super) fn new(others: LevelFilter) -> Self {
        Self { others, level: RwLock::new(others), logs_spans: AtomicBool::new(false) }
    }

    /// Sets the demand of the log.
    ///
    /// It shows spans where it shows events below `info`: those are for people who look for an
    /// error, and worth their cost. A directive that filters by spans has a bracket.
    pub(super) fn set_log(&self, directives: &str, filter: &EnvFilter) {
        let level = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
        *self.level.write() = level.max(self.others);
        let logs_spans = level > LevelFilter::INFO || directives.contains('[');
        self.logs_spans.store(logs_spans, Ordering::Relaxed);
    }

    /// Whether the log shows spans, or filters by them.
    pub(super) fn logs_spans(&self) -> bool {
        self.logs_spans.load(Ordering::Relaxed)
    }

    fn level(&self) -> LevelFilter {
        *self.level.read()
    }
}

/// The outermost layer, which disables what nobody wants.
#[derive(Debug)]
pub(super) struct CallsiteFilter {
    demand: Arc<Demand>,
    exports_spans: bool,
    request_id: CurrentRequestId,
}

impl CallsiteFilter {
    pub(super) fn new(
        demand: Arc<Demand>,
        exports_spans: bool,
        request_id: CurrentRequestId,
    ) -> Self {
        Self { demand, exports_spans, request_id }
    }
}

impl<S> Layer<S> for CallsiteFilter
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() > self.demand.level() {
            Interest::never()
        } else if metadata.is_event() || self.demand.logs_spans() {
            Interest::always()
        } else if self.exports_spans {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        metadata.is_event()
            || self.demand.logs_spans()
            // Within a request that is not sampled, no span is current.
            || self.exports_spans
                && (context.lookup_current().is_some() || (self.request_id)().is_none())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.demand.level())
    }
}
