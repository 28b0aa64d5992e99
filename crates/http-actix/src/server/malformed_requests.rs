//! Counts malformed HTTP, which the framework reports in its log only.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// Connections closed after malformed HTTP.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Returns how many connections were closed after malformed HTTP.
pub(crate) fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Returns a layer that counts the framework's log messages about malformed HTTP.
pub(crate) fn counting_layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    CountingLayer.with_filter(
        FilterFn::new(reports_malformed_request).with_max_level_hint(LevelFilter::ERROR),
    )
}

struct CountingLayer;

impl<S: Subscriber> Layer<S> for CountingLayer {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
}

fn reports_malformed_request(event: &Metadata<'_>) -> bool {
    event.is_event()
        && *event.level() == Level::ERROR
        && event.target().starts_with("actix_http::h1::dispatcher")
}
