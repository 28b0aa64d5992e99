//! The trace that a request is part of, in the form of W3C Trace Context.

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::process::wiring::TraceParent;

/// The header that carries it (W3C Trace Context §3.2).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// What these headers say of the trace that the caller is part of.
///
/// It is believed, since it opens nothing: it is a number, and a wish that the trace be recorded.
pub(crate) fn of_caller(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(HEADER);
    // §3.2.2.5: several of them are none.
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

/// The place of a request in its trace, where traces are not exported: a part of the caller's, or
/// else a new one.
pub(crate) fn unrecorded(caller: Option<TraceParent>) -> TraceParent {
    caller.map_or_else(TraceParent::new_unsampled, TraceParent::child)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    fn here(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        unrecorded(of_caller(&headers)).to_string()
    }

    #[test]
    fn the_trace_of_the_caller_goes_on_in_a_part_of_its_own() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let here = here(&[&parent]);
        assert!(here.starts_with(&format!("00-{TRACE}-")) && here.ends_with("-01"), "{here}");
        assert_ne!(here, parent);
    }

    #[test]
    fn what_is_no_context_begins_a_new_trace() {
        let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
        let other = format!("0-{TRACE}-b7ad6b7169203331-01");
        for values in [&[][..], &[""], &["garbage"], &[&parent, &parent], &[&other]] {
            let here = here(values);
            assert!(!here.contains(TRACE) && here.ends_with("-00"), "{values:?}: {here}");
            assert!(here.parse::<TraceParent>().is_ok(), "{values:?}: {here}");
        }
        assert_ne!(here(&[]), here(&[]));
    }
}
