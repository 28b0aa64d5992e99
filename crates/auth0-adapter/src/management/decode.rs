//! Decoding of responses.

use domain::Timestamp;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::{MalformedResponse, RequestError};
use crate::management::error_table::classify_error;
use crate::transport::rate_limit_headers::{retry_after, retry_after_header};
use crate::transport::response::ApiResponse;

/// Returns the response if its status is a success, and else the error.
pub(crate) fn require_success(
    response: &ApiResponse,
    now: Timestamp,
) -> Result<&ApiResponse, RequestError> {
    let status = response.status;
    if status.is_success() {
        Ok(response)
    } else if status.as_u16() == 429 {
        Err(RequestError::RateLimited { retry_after: retry_after(&response.headers, now) })
    } else if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        if is_slow_search(response) {
            return Err(RequestError::SlowSearch);
        }
        // `x-ratelimit-reset` comes with ordinary responses too, and does not apply here.
        let retry_after = retry_after_header(&response.headers, now);
        Err(RequestError::ServerError { status: status.as_u16(), retry_after })
    } else if status.is_client_error() {
        Err(classify_error(status, &response.body).into())
    } else {
        Err(MalformedResponse::Status(status.as_u16()).into())
    }
}

/// Decodes the JSON body of a successful response.
pub(crate) fn decode_json<T: DeserializeOwned>(
    response: &ApiResponse,
    now: Timestamp,
) -> Result<T, RequestError> {
    decode_with(response, now, |body| serde_json::from_slice(body))
}

/// Decodes the JSON body of a successful response by a function whose intermediate values may borrow
/// from the body.
pub(crate) fn decode_with<T>(
    response: &ApiResponse,
    now: Timestamp,
    decode: impl Fn(&[u8]) -> serde_json::Result<T>,
) -> Result<T, RequestError> {
    let response = require_success(response, now)?;
    let decoded = decode(&response.body).or_else(|error| {
        let repaired = repair(&response.body).ok_or(error)?;
        decode(&repaired)
    });
    Ok(decoded.map_err(MalformedResponse::from)?)
}

/// Returns the body with U+FFFD for everything that is no Unicode: bytes that are not UTF-8, and
/// escapes of half a surrogate pair (RFC 8259 §8.2), such as a name has that was cut within an
/// emoji. None if there is nothing to replace.
fn repair(body: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(body);
    let mut repaired = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        // A pair, a single escape, or a backslash with the character that follows it.
        let length = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                repaired.push('\u{fffd}');
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (_, _) => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (escape, after) = escape.split_at(length);
        repaired.push_str(escape);
        rest = after;
    }
    repaired.push_str(rest);
    (repaired.as_bytes() != body).then(|| repaired.into_bytes())
}

/// Returns the UTF-16 code unit of an escape such as `\ud83d` at the start of the text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Returns whether this is 503 "The query exceeded the timeout…": searches may take about two
/// seconds.
fn is_slow_search(response: &ApiResponse) -> bool {
    const WORDS: &[u8] = b"query exceeded the timeout";
    response.status.as_u16() == 503 && response.body.windows(WORDS.len()).any(|part| part == WORDS)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn body_with_half_a_surrogate_pair_is_repaired() {
        for (body, expected) in [
            (r#""a\ud83db""#, "a\u{fffd}b"),
            (r#""\ud83d\ude00 \ude00""#, "\u{1f600} \u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\\ud83d \ud83d""#, "\\ud83d \u{fffd}"),
            (r#""\"\n\udfff""#, "\"\n\u{fffd}"),
        ] {
            assert!(serde_json::from_str::<Value>(body).is_err(), "{body}");
            let repaired = repair(body.as_bytes()).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&repaired).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn body_with_invalid_utf8_is_repaired() {
        let repaired = repair(b"\"a\xffb\"").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&repaired).unwrap(), "a\u{fffd}b");
    }

    #[test]
    fn body_without_such_faults_is_not_repaired() {
        for body in [r#"{"a":"#, r#""\ud83d\ude00\\""#, "", "\\", "\\u", r"\u12é4"] {
            assert_eq!(repair(body.as_bytes()), None, "{body}");
        }
    }
}
