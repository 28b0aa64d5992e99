//! Decoding of responses.

use domain::Timestamp;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::{Failure, Garbage};
use crate::management::error_table::read_refusal;
use crate::transport::rate_limit_headers::{asked_for, retry_after};
use crate::transport::response::Answer;

/// The answer, if its status is one of success.
pub(crate) fn success(answer: &Answer, now: Timestamp) -> Result<&Answer, Failure> {
    let status = answer.status;
    if status.is_success() {
        Ok(answer)
    } else if status.as_u16() == 429 {
        Err(Failure::Limited { retry_after: retry_after(&answer.headers, now) })
    } else if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        if is_slow_search(answer) {
            return Err(Failure::SlowSearch);
        }
        // `x-ratelimit-reset` comes with ordinary answers too, and has no say here.
        let retry_after = asked_for(&answer.headers, now);
        Err(Failure::Status { status: status.as_u16(), retry_after })
    } else if status.is_client_error() {
        Err(read_refusal(status, &answer.body).into())
    } else {
        Err(Garbage::Status(status.as_u16()).into())
    }
}

/// The answer's body, read as JSON.
pub(crate) fn json<T: DeserializeOwned>(answer: &Answer, now: Timestamp) -> Result<T, Failure> {
    let answer = success(answer, now)?;
    Ok(serde_json::from_slice(&answer.body).map_err(Garbage::from)?)
}

/// 503 "The query exceeded the timeout…": searches have about two seconds.
fn is_slow_search(answer: &Answer) -> bool {
    const WORDS: &[u8] = b"query exceeded the timeout";
    answer.status.as_u16() == 503 && answer.body.windows(WORDS.len()).any(|part| part == WORDS)
}
