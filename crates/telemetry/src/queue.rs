//! Where spans go when they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::{self, error::TrySendError};

/// How many spans may wait for the collector: one or two megabytes.
const LENGTH: usize = 2048;

/// The two ends of a queue of spans, and the count of those that it had no room for.
///
/// It is open as long as the sender lives.
pub(crate) fn open() -> (mpsc::Sender<SpanData>, Intake, mpsc::Receiver<SpanData>) {
    let (sender, receiver) = mpsc::channel(LENGTH);
    let intake = Intake { queue: sender.downgrade(), dropped: Arc::default() };
    (sender, intake, receiver)
}

/// Takes spans that have ended, and never waits.
///
/// Nor does it log: who ends a span may hold locks of the log.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    /// It does not keep the queue open: the layer, which holds this, lives as long as the log.
    queue: mpsc::WeakSender<SpanData>,
    dropped: Arc<AtomicU64>,
}

impl Intake {
    /// How many spans there was no room for since this was asked last.
    pub(crate) fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

impl SpanProcessor for Intake {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if let Some(queue) = self.queue.upgrade()
            && let Err(TrySendError::Full(_)) = queue.try_send(span)
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
