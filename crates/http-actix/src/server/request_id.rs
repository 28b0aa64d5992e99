//! Request ids, which identify a request for clients, in logs and in support cases.

use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName};
use telemetry::hex_digits;

/// The header with the request id, in requests and responses.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request: the client's, if it is safe to log, or else a generated one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    const MAX_LENGTH: usize = 64;

    /// Returns the id of a request with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match given {
            Some(given) if Self::is_safe(given) => Self(given.into()),
            Some(_) | None => Self::generate(),
        }
    }

    /// Returns the id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id as shared text.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Ids are part of logs and error bodies, so they must not contain line breaks or be long.
    fn is_safe(text: &str) -> bool {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed)
    }

    /// Generates a random id, which tells nothing of other requests.
    fn generate() -> Self {
        let [high, low]: [u64; 2] = rand::random();
        let digits = [hex_digits(high), hex_digits(low)];
        Self(std::str::from_utf8(digits.as_flattened()).unwrap_or_default().into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn of(text: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(text).unwrap());
        RequestId::of(&headers)
    }

    #[test]
    fn safe_id_is_kept() {
        assert_eq!(of(b"abc-123_X.y").as_str(), "abc-123_X.y");
    }

    #[test]
    fn unsafe_id_is_replaced() {
        for text in [&b""[..], b"a b", b"a\tb", &[b'a'; 65], b"\xff", b"a\"b"] {
            let id = of(text);
            assert_ne!(id.as_str().as_bytes(), text);
            assert!(RequestId::is_safe(id.as_str()));
        }
    }

    #[test]
    fn generated_ids_do_not_depend_on_each_other() {
        let ids: Vec<_> = (0..1000).map(|_| RequestId::generate()).collect();
        let is_hex = |id: &RequestId| {
            id.as_str().len() == 32
                && id.as_str().bytes().all(|byte| b"0123456789abcdef".contains(&byte))
        };
        assert!(ids.iter().all(is_hex));
        // By chance, two of them share 16 digits at one end once in 10^13 runs.
        let halves = ids.iter().map(|id| id.as_str().split_at(16));
        let (starts, ends): (BTreeSet<_>, BTreeSet<_>) = halves.unzip();
        assert_eq!((starts.len(), ends.len()), (ids.len(), ids.len()));
        let mut sorted = ids.clone();
        sorted.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        assert_ne!(ids, sorted, "ids tell the order of requests");
    }
}
