//! The header `traceparent` (W3C Trace Context).

use actix_web::http::header::{HeaderMap, HeaderName};

use telemetry::TraceParent;

/// The header's name (W3C Trace Context §3.2).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Returns the caller's position in its trace.
///
/// It is trusted, since it grants nothing: it is an id, and a request to sample the trace.
pub(crate) fn caller_traceparent(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(HEADER);
    // §3.2.2.5: several headers count as none.
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

/// Returns the position of a request whose span is not exported: in the caller's trace, or else in a
/// new one.
pub(crate) fn unexported_traceparent(caller: Option<TraceParent>) -> TraceParent {
    caller.map_or_else(TraceParent::new_unsampled, TraceParent::child)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn traceparent(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        unexported_traceparent(caller_traceparent(&headers)).to_string()
    }

    #[test]
    fn caller_trace_continues_in_another_span() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let own = traceparent(&[&parent]);
        assert!(own.starts_with(&format!("00-{TRACE}-")) && own.ends_with("-01"), "{own}");
        assert_ne!(own, parent);
    }

    #[test]
    fn malformed_or_repeated_header_starts_a_new_trace() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let other = format!("0-{TRACE}-b7ad6b7169203331-01");
        for values in [&[][..], &[""], &["garbage"], &[&parent, &parent], &[&other]] {
            let own = traceparent(values);
            assert!(!own.contains(TRACE) && own.ends_with("-00"), "{values:?}: {own}");
            assert!(own.parse::<TraceParent>().is_ok(), "{values:?}: {own}");
        }
        assert_ne!(traceparent(&[]), traceparent(&[]));
    }
}
