//! The bounded queue of ended spans.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor};

/// Passes ended spans to the SDK's batch processor, and counts those that its queue has no room for.
///
/// The SDK counts them too, but tells the number to nobody but its own log, which is off. Ending a
/// span neither waits nor logs: the thread that ends it may hold locks of the log.
#[derive(Debug)]
pub(super) struct BoundedProcessor {
    batches: BatchSpanProcessor,
    queue: Arc<QueueCounts>,
    max_queue_size: usize,
}

/// Counts of spans on their way to the exporter.
#[derive(Debug, Default)]
pub(super) struct QueueCounts {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl QueueCounts {
    /// Records that the exporter took these spans out of the queue.
    pub(super) fn record_taken(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    /// Returns how many spans were dropped since the last call.
    pub(super) fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

impl BoundedProcessor {
    pub(super) fn new(
        batches: BatchSpanProcessor,
        queue: Arc<QueueCounts>,
        max_queue_size: usize,
    ) -> Self {
        Self { batches, queue, max_queue_size }
    }
}

impl SpanProcessor for BoundedProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.queue.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_queue_size {
            self.queue.waiting.fetch_sub(1, Ordering::Relaxed);
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}
