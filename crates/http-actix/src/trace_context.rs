//! The trace that a request is part of, in the form of W3C Trace Context.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName};
use aws_lc_rs::rand;

/// The header that carries it (W3C Trace Context §3.2).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// A trace, and the part of it that is this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// The trace that these headers name, with a new part in it; else a new trace.
    ///
    /// What the header names is believed, since it opens nothing: it is 32 hexadecimal digits.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut names = headers.get_all(HEADER);
        // §3.2.2.5: several of them are none.
        let parent = match (names.next(), names.next()) {
            (Some(parent), None) => parent.to_str().ok().and_then(Self::parsed),
            _ => None,
        };
        let mut bytes = [0; 24];
        // Without randomness the names would be those of zero, which are invalid and so mean none.
        let _ = rand::fill(&mut bytes);
        let (trace, span) = bytes.split_at(16);
        let number =
            |bytes: &[u8]| bytes.iter().fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
        let span = u64::try_from(number(span)).unwrap_or(0);
        match parent {
            Some(parent) => Self { span, ..parent },
            None => Self { trace: number(trace), span, flags: 0 },
        }
    }

    /// The header's value, if it can be one (§3.2.2).
    fn parsed(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        // §3.2.4: versions to come may have more parts, of which nothing is known here.
        let well = version != 0xff && (version > 0 || parts.next().is_none());
        let context =
            Self { trace, span: u64::try_from(span).ok()?, flags: u8::try_from(flags).ok()? & 1 };
        (well && trace != 0 && span != 0).then_some(context)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// So many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() == digits && text.bytes().all(lower);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn of(values: &[&str]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        TraceContext::of(&headers)
    }

    #[test]
    fn the_trace_of_the_caller_goes_on_in_a_part_of_its_own() {
        let parent = TraceContext::parsed(PARENT).unwrap();
        assert_eq!(parent.to_string(), PARENT);
        let here = of(&[PARENT]);
        assert_eq!((here.trace, here.flags), (parent.trace, 1));
        assert_ne!(here.span, parent.span);
        // A version to come, with a part of which nothing is known.
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what";
        assert_eq!(of(&[later]).trace, parent.trace);
    }

    #[test]
    fn what_is_no_context_begins_a_new_trace() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for text in [
            "",
            "garbage",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let here = of(&[text]);
            assert!(!here.to_string().contains(trace), "{text}: {here}");
            assert!(TraceContext::parsed(&here.to_string()).is_some(), "{text}: {here}");
        }
        assert!(!of(&[PARENT, PARENT]).to_string().contains(trace));
        assert_ne!(of(&[]), of(&[]));
    }
}
