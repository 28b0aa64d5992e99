//! Responses to the password grant, which checks a password by logging in.

use std::time::Duration;

use domain::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{ErrorMeaning, MalformedResponse, RequestError};
use crate::management::decode::{decode_json, require_success};
use crate::management::error_table::classify_error;
use crate::transport::rate_limit_headers::retry_after;
use crate::transport::response::ApiResponse;

/// The outcome of an attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordGrantOutcome {
    /// The password is the account's.
    Accepted,
    /// The password is wrong, or there is no such account.
    WrongPassword,
    /// Attack protection blocks attempts for now.
    AttemptsBlocked {
        /// How long to wait, if Auth0 reported it.
        retry_after: Option<Duration>,
    },
}

/// The response to a log-in. Only the presence of a token matters.
#[derive(Deserialize)]
struct TokenPresence {
    #[serde(rename = "access_token")]
    _access_token: IgnoredAny,
}

pub(crate) fn decode_password_grant(
    response: &ApiResponse,
    now: Timestamp,
) -> Result<PasswordGrantOutcome, RequestError> {
    if !response.status.is_client_error() {
        return decode_json(response, now)
            .map(|TokenPresence { .. }| PasswordGrantOutcome::Accepted);
    }
    let meaning = classify_error(response.status, &response.body).meaning();
    if meaning == ErrorMeaning::CorrectPassword {
        Ok(PasswordGrantOutcome::Accepted)
    } else if meaning == ErrorMeaning::WrongPassword {
        Ok(PasswordGrantOutcome::WrongPassword)
    } else if meaning == ErrorMeaning::AttemptsBlocked {
        Ok(PasswordGrantOutcome::AttemptsBlocked {
            retry_after: retry_after(&response.headers, now),
        })
    } else {
        // The global rate limit is among these.
        require_success(response, now)
            .and(Err(MalformedResponse::Status(response.status.as_u16()).into()))
    }
}
