//! Ids of traces and spans.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

thread_local! {
    /// The id of the next trace that begins in this thread.
    static NEXT_TRACE: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Returns a random id, from a generator in user space: every request has one.
pub(crate) fn random_trace_id() -> TraceId {
    TraceId::from(rand::random::<u128>())
}

/// Returns a random id.
pub(crate) fn random_span_id() -> SpanId {
    SpanId::from(rand::random::<u64>())
}

/// Begins a trace with this id, if the work begins one.
pub(crate) fn with_trace_id<T>(id: TraceId, work: impl FnOnce() -> T) -> T {
    NEXT_TRACE.set(Some(id));
    let result = work();
    NEXT_TRACE.set(None);
    result
}

/// Generates the ids of exported spans.
#[derive(Debug)]
pub(crate) struct Ids;

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        NEXT_TRACE.take().unwrap_or_else(random_trace_id)
    }

    fn new_span_id(&self) -> SpanId {
        random_span_id()
    }
}
