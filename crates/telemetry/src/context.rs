//! What ties a span to those of other services: the header `traceparent` (W3C Trace Context,
//! level 1).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use thiserror::Error;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A place in a trace: which trace, which span of it, and whether the trace is recorded.
///
/// As text it is what stands in the header `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a traceparent as W3C Trace Context has it")]
pub struct TraceParentError;

impl TraceParent {
    /// The first span of a trace that nobody records, by these random names.
    pub fn unrecorded(trace: [u8; 16], span: [u8; 8]) -> Self {
        let (trace, span) = (TraceId::from_bytes(trace), SpanId::from_bytes(span));
        Self { trace, span, sampled: false }
    }

    /// Another span of the same trace, by this random name.
    #[must_use]
    pub fn with_span(self, span: [u8; 8]) -> Self {
        Self { span: SpanId::from_bytes(span), ..self }
    }

    /// Whether somebody has decided to record the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits| parts.next().and_then(|part| hex(part, digits));
        let (version, trace, span, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        // Later versions may have more to say behind what is known; the first one may not.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (TraceId::from(trace), SpanId::from(u64::try_from(span).ok()?));
        let are_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
        are_valid.then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    fn of(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace: context.trace_id(),
            span: context.span_id(),
            sampled: context.is_sampled(),
        })
    }

    fn as_remote(self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        SpanContext::new(self.trace, self.span, flags, true, TraceState::NONE)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Stricter than the SDK's own reading, which takes `1` for a trace's id.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        Self::read(text).ok_or(TraceParentError)
    }
}

/// So many digits, and no capitals, as the standard wants it.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != digits || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// Makes a span the child of a span elsewhere.
///
/// It comes too late, and does nothing, once the span has a child or was asked for its
/// [`traceparent_of`]; and it does nothing where no traces are exported.
pub fn adopt_parent(span: &Span, parent: TraceParent) {
    let elsewhere = Context::new().with_remote_span_context(parent.as_remote());
    // What has gone wrong is a trace that begins here instead of there: no harm to the request.
    let _ = span.set_parent(elsewhere);
}

/// Where in its trace a span is. Nowhere, where no traces are exported.
///
/// From then on it is decided whether the trace is recorded.
pub fn traceparent_of(span: &Span) -> Option<TraceParent> {
    TraceParent::of(span.context().span().span_context())
}

/// Gives a span another name, as when its route is known.
///
/// The field `otel.name` does that only until the span has a child or was asked for its
/// [`traceparent_of`].
pub fn rename(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_read_is_written_again() {
        for text in [SAMPLED, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
        }
        assert!(SAMPLED.parse::<TraceParent>().unwrap().is_sampled());
    }

    #[test]
    fn what_is_not_known_of_later_versions_is_passed_over() {
        for text in [
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
        ] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), SAMPLED, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_traceparent() {
        for text in [
            "",
            "00",
            "00-1-1-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(TraceParentError), "{text}");
        }
    }
}
