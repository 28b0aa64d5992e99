//! Request ids, which identify a request for clients, in logs and in support cases.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{HeaderMap, HeaderName};

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

    /// Generates an id that is unique: random per process, and counted within it.
    fn generate() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let process = *PROCESS.get_or_init(|| {
            let mut bytes = [0; 8];
            // Without randomness, ids are unique only within the process.
            let _ = getrandom::fill(&mut bytes);
            u64::from_ne_bytes(bytes)
        });
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut digits = [0; 32];
        let number = u128::from(process) << 64 | u128::from(count);
        // Every request has an id, so the digits are written without the cost of `format!`.
        for (at, digit) in digits.iter_mut().rev().enumerate() {
            let nibble = number >> (4 * at) & 0xf;
            *digit = HEX.get(usize::try_from(nibble).unwrap_or(0)).copied().unwrap_or(b'0');
        }
        Self(std::str::from_utf8(&digits).unwrap_or_default().into())
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

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
    fn generated_ids_differ() {
        assert_ne!(RequestId::generate(), RequestId::generate());
    }
}
