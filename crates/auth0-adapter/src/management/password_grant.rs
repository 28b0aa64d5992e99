//! What Auth0 answers to an attempt to log in.

use std::time::Duration;

use domain::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::Meaning;
use crate::error::{Failure, Garbage};
use crate::management::decode::{json, success};
use crate::management::error_table::read_refusal;
use crate::transport::rate_limit_headers::retry_after;
use crate::transport::response::Answer;

/// What came of an attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogIn {
    /// It is the account's password.
    Right,
    /// It is not, or there is no such account.
    Wrong,
    /// Auth0's attack protection lets nobody try for now.
    Stopped {
        /// How long to wait, if Auth0 says.
        retry_after: Option<Duration>,
    },
}

/// The tokens of a log-in. That there is one is all that matters.
#[derive(Deserialize)]
struct LoggedIn {
    #[serde(rename = "access_token")]
    _access_token: IgnoredAny,
}

pub(crate) fn read_log_in(answer: &Answer, now: Timestamp) -> Result<LogIn, Failure> {
    if !answer.status.is_client_error() {
        return json(answer, now).map(|LoggedIn { .. }| LogIn::Right);
    }
    let meaning = read_refusal(answer.status, &answer.body).meaning();
    if meaning == Meaning::RightPassword {
        Ok(LogIn::Right)
    } else if meaning == Meaning::WrongPassword {
        Ok(LogIn::Wrong)
    } else if meaning == Meaning::AttemptsStopped {
        Ok(LogIn::Stopped { retry_after: retry_after(&answer.headers, now) })
    } else {
        // The limit of all callers together is among them.
        success(answer, now).and(Err(Garbage::Status(answer.status.as_u16()).into()))
    }
}
