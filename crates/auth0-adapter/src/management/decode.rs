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
    let response = require_success(response, now)?;
    Ok(serde_json::from_slice(&response.body).map_err(MalformedResponse::from)?)
}

/// Returns whether this is 503 "The query exceeded the timeout…": searches may take about two
/// seconds.
fn is_slow_search(response: &ApiResponse) -> bool {
    const WORDS: &[u8] = b"query exceeded the timeout";
    response.status.as_u16() == 503 && response.body.windows(WORDS.len()).any(|part| part == WORDS)
}
