//! The position of a span in a trace that spans several services: the header `traceparent` (W3C
//! Trace Context, level 1).

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

use crate::hex::hex_digits;
use crate::ids::{random_span_id, random_trace_id, with_trace_id};

/// The position of a span: which trace, which span of it, and whether the trace is sampled.
///
/// Its text is the value of the header `traceparent`.
///
/// ```
/// use telemetry::TraceParent;
///
/// let caller: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
/// assert!(caller.is_sampled());
/// let here = caller.child().to_string();
/// assert!(here.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "the same trace");
/// # Ok::<(), telemetry::TraceParentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

/// The error of a text that is not a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a traceparent as W3C Trace Context has it")]
pub struct TraceParentError;

impl TraceParent {
    /// The number of characters of its text.
    const LENGTH: usize = 55;

    /// Returns the first span of a new trace that is not sampled, with random ids.
    pub fn new_unsampled() -> Self {
        Self::new_root(|_| false)
    }

    /// Returns the first span of a new trace with random ids, which is sampled if its id says so.
    pub(crate) fn new_root(is_sampled: impl FnOnce(TraceId) -> bool) -> Self {
        let trace = random_trace_id();
        Self { trace, span: random_span_id(), sampled: is_sampled(trace) }
    }

    /// Returns another span of the same trace, with a random id.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: random_span_id(), ..self }
    }

    #[cfg(test)]
    pub(crate) fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// Whether a service before this one has decided to record the trace.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// Returns the text as ASCII characters, which every log entry of a request has.
    pub fn to_text(self) -> [u8; TraceParent::LENGTH] {
        let mut text = *b"00-................................-................-00";
        let [trace_high, trace_low] = halves(self.trace).map(hex_digits);
        let span = hex_digits(u64::from_be_bytes(self.span.to_bytes()));
        let flag = if self.sampled { b'1' } else { b'0' };
        for (part, digits) in [(3, trace_high), (19, trace_low), (36, span)] {
            if let Some(part) = text.get_mut(part..part + 16) {
                part.copy_from_slice(&digits);
            }
        }
        if let Some(last) = text.last_mut() {
            *last = flag;
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits| parts.next().and_then(|part| hex(part, digits));
        let (version, trace, span, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        // Later versions may append fields; version 0 may not.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (TraceId::from(trace), SpanId::from(u64::try_from(span).ok()?));
        let are_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
        are_valid.then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    fn from_span_context(context: &SpanContext) -> Option<Self> {
        context.is_valid().then(|| Self {
            trace: context.trace_id(),
            span: context.span_id(),
            sampled: context.is_sampled(),
        })
    }

    fn into_remote_context(self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
        SpanContext::new(self.trace, self.span, flags, true, TraceState::NONE)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Stricter than the parser of the SDK, which accepts `1` as a trace id.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        Self::parse(text).ok_or(TraceParentError)
    }
}

fn halves(id: TraceId) -> [u64; 2] {
    let [high @ .., _, _, _, _, _, _, _, _] = id.to_bytes();
    let [_, _, _, _, _, _, _, _, low @ ..] = id.to_bytes();
    [u64::from_be_bytes(high), u64::from_be_bytes(low)]
}

/// Parses a field of exactly this many lowercase hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != digits || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).map_err(|_| fmt::Error)?)
    }
}

/// Makes a span the child of a span of another service.
///
/// It has no effect once the span has a child or [`traceparent_of`] was called on it, nor where
/// no traces are exported.
pub fn set_parent(span: &Span, parent: TraceParent) {
    let remote = Context::new().with_remote_span_context(parent.into_remote_context());
    // On an error the trace begins here: no harm to the request.
    let _ = span.set_parent(remote);
}

/// Returns the position of a span in its trace, or `None` where no traces are exported.
///
/// It fixes the decision whether the trace is sampled.
pub fn traceparent_of(span: &Span) -> Option<TraceParent> {
    TraceParent::from_span_context(span.context().span().span_context())
}

/// Gives the span of a request its position: below the caller, or as the root of the trace that the
/// sampler has begun. Returns its actual position, or else the one given where no traces are
/// exported.
pub fn place_span(span: &Span, caller: Option<TraceParent>, position: TraceParent) -> TraceParent {
    let exported = if let Some(caller) = caller {
        set_parent(span, caller);
        traceparent_of(span)
    } else {
        with_trace_id(position.trace, || traceparent_of(span))
    };
    exported.unwrap_or(position)
}

/// Renames a span, as when the route of its request is known.
///
/// The field `otel.name` does that only until the span has a child or [`traceparent_of`] was called
/// on it.
pub fn rename_span(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn child_keeps_trace_and_sampling() {
        let parent: TraceParent = SAMPLED.parse().unwrap();
        let child = parent.child();
        assert_eq!((child.trace, child.sampled), (parent.trace, true));
        assert_ne!(child.span, parent.span);
    }

    #[test]
    fn new_traces_differ_and_are_unsampled() {
        let [one, other] = [TraceParent::new_unsampled(), TraceParent::new_unsampled()];
        assert_ne!((one.trace, one.span), (other.trace, other.span));
        assert!(!one.is_sampled());
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    #[test]
    fn traceparent_round_trips() {
        for text in [SAMPLED, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
        }
        assert!(SAMPLED.parse::<TraceParent>().unwrap().is_sampled());
    }

    #[test]
    fn fields_of_later_versions_are_ignored() {
        for text in [
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
        ] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), SAMPLED, "{text}");
        }
    }

    #[test]
    fn malformed_traceparent_is_rejected() {
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
