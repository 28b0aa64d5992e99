//! W3C Trace Context: the trace that a request is part of.

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::process::wiring::TraceParent;

/// The header with the trace context (W3C Trace Context §3.2).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Returns the caller's trace context.
///
/// It needs no verification: it consists of ids and a request to record the trace.
pub(crate) fn caller_trace(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(HEADER);
    // §3.2.2.5: a repeated header is ignored.
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

/// Returns a position in the caller's trace, or in a new one, if traces are not exported.
pub(crate) fn unexported(caller: Option<TraceParent>) -> TraceParent {
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    // Without randomness, the ids are zero, which is invalid.
    let _ = getrandom::fill(&mut span);
    if let Some(caller) = caller {
        return caller.with_span(span);
    }
    let _ = getrandom::fill(&mut trace);
    TraceParent::unrecorded(trace, span)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn trace_parent(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        unexported(caller_trace(&headers)).to_string()
    }

    #[test]
    fn trace_of_the_caller_continues_in_a_new_span() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let trace_parent = trace_parent(&[&parent]);
        assert!(
            trace_parent.starts_with(&format!("00-{TRACE}-")) && trace_parent.ends_with("-01"),
            "{trace_parent}"
        );
        assert_ne!(trace_parent, parent);
    }

    #[test]
    fn invalid_context_starts_a_new_trace() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let other = format!("0-{TRACE}-b7ad6b7169203331-01");
        for values in [&[][..], &[""], &["garbage"], &[&parent, &parent], &[&other]] {
            let trace_parent = trace_parent(values);
            assert!(
                !trace_parent.contains(TRACE) && trace_parent.ends_with("-00"),
                "{values:?}: {trace_parent}"
            );
            assert!(trace_parent.parse::<TraceParent>().is_ok(), "{values:?}: {trace_parent}");
        }
        assert_ne!(trace_parent(&[]), trace_parent(&[]));
    }
}
