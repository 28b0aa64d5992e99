//! Errors of requests to Auth0, and the port errors they become.
//!
//! `Display` and `Debug` of all types here are safe to log: no bodies, tokens or addresses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ports::PortError;
use thiserror::Error;

use concurrency::JoinError;

/// Errors of one request: why there is no usable response.
#[derive(Debug, Clone, Error)]
pub(crate) enum RequestError {
    /// The circuit is open; nothing was sent.
    #[error("the circuit breaker for Auth0 is open")]
    CircuitOpen {
        /// The remaining time.
        retry_after: Duration,
    },
    /// The deadline passed; nothing was sent.
    #[error("the deadline passed before the request to Auth0 was sent")]
    DeadlineExceeded,
    /// No connection was established; nothing was sent.
    #[error("Auth0 cannot be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The connection broke, before or after Auth0 processed the request.
    #[error("the connection to Auth0 broke")]
    ConnectionBroken(#[source] Arc<reqwest::Error>),
    /// No response arrived in time.
    #[error("Auth0 did not respond in time")]
    TimedOut {
        /// Whether the deadline left so little time that this shows nothing about Auth0.
        cut_short: bool,
    },
    /// 429. Nothing was done.
    #[error("the rate limit of Auth0 is exhausted")]
    RateLimited {
        /// When to retry, if Auth0 reported it.
        retry_after: Option<Duration>,
    },
    /// 5xx; or 408, with which an intermediary gave up.
    #[error("Auth0 responded with status {status}")]
    ServerError {
        status: u16,
        /// When to retry, if Auth0 reported it.
        retry_after: Option<Duration>,
    },
    /// 503 for a search that exceeds Auth0's time limit. Auth0 itself works.
    #[error("the search exceeded Auth0's time limit")]
    SlowSearch,
    /// The response is malformed.
    #[error("Auth0's response is malformed")]
    Malformed(#[from] MalformedResponse),
    /// 4xx. Nothing was done.
    #[error(transparent)]
    Rejected(#[from] ErrorResponse),
    /// There is no token for the Management API; nothing was sent.
    #[error("there is no token for the Management API")]
    NoToken(#[source] Arc<RequestError>),
}

/// What an error response means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorMeaning {
    /// There is no such account.
    NotFound,
    /// Another account has the address, or the id that was chosen.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// The password violates the connection's policy.
    WeakPassword,
    /// The connection does not support usernames.
    NoUsernames,
    /// The connection requires a username.
    UsernameRequired,
    /// Auth0 rejects the address.
    InvalidEmail,
    /// Auth0 rejects the username.
    InvalidUsername,
    /// Auth0 rejects one of the names.
    InvalidName,
    /// Auth0 does not support this for an account of this kind.
    NotSupported,
    /// The token is invalid or expired.
    Unauthorized,
    /// Log-in: the password is wrong.
    WrongPassword,
    /// Log-in: the password is correct, although something else prevents the log-in.
    CorrectPassword,
    /// Log-in: attack protection blocks attempts.
    AttemptsBlocked,
    /// Anything else: Usher or the Auth0 tenant is misconfigured, or Usher has a bug.
    Misconfigured,
}

/// A 4xx response, reduced to what may be logged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) struct ErrorResponse {
    status: u16,
    code: Option<String>,
    meaning: ErrorMeaning,
    /// The scopes of which one would suffice.
    scopes: Vec<String>,
}

impl ErrorResponse {
    pub(crate) fn new(
        status: u16,
        code: Option<String>,
        meaning: ErrorMeaning,
        scopes: Vec<String>,
    ) -> Self {
        Self { status, code, meaning, scopes }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(crate) fn meaning(&self) -> ErrorMeaning {
        self.meaning
    }

    /// Logs that the operator has to act.
    pub(crate) fn log_for_operator(&self) {
        tracing::error!(
            status = self.status,
            code = self.code(),
            missing_scopes = ?self.scopes,
            "Auth0 rejected a request; `usher doctor` shows the cause"
        );
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Auth0 rejected the request with status {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if !self.scopes.is_empty() {
            write!(f, "; it requires one of the scopes {}", self.scopes.join(", "))?;
        }
        Ok(())
    }
}

/// Reasons why a response is malformed. Nothing of the response itself is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum MalformedResponse {
    /// The body exceeds the limit.
    #[error("the body is too long")]
    TooLong,
    /// The status is not one of this call's.
    #[error("unexpected status {0}")]
    Status(u16),
    /// The body is not JSON, or not of the expected form.
    #[error("unexpected JSON at line {line} column {column}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The token cannot be sent in a header.
    #[error("the token is malformed")]
    Token,
}

/// The parser's own error would repeat parts of the body.
impl From<serde_json::Error> for MalformedResponse {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

impl RequestError {
    /// Returns whether Auth0 certainly did not process the request.
    pub(crate) fn is_unprocessed(&self) -> bool {
        match self {
            Self::CircuitOpen { .. }
            | Self::DeadlineExceeded
            | Self::Unreachable(_)
            | Self::RateLimited { .. }
            | Self::Rejected(_)
            | Self::NoToken(_) => true,
            Self::ConnectionBroken(_)
            | Self::TimedOut { .. }
            | Self::ServerError { .. }
            | Self::SlowSearch
            | Self::Malformed(_) => false,
        }
    }

    /// Returns whether other tasks that wait for the same result would fail the same way.
    pub(crate) fn applies_to_waiters(&self) -> bool {
        !matches!(self, Self::DeadlineExceeded | Self::TimedOut { cut_short: true })
    }
}

impl From<JoinError<RequestError>> for RequestError {
    fn from(error: JoinError<RequestError>) -> Self {
        match error {
            JoinError::DeadlineExceeded => Self::DeadlineExceeded,
            JoinError::Failed(error) => error,
        }
    }
}

impl From<RequestError> for PortError {
    fn from(error: RequestError) -> Self {
        // The inner error decides the variant, the outer one is the source.
        let inner = if let RequestError::NoToken(inner) = &error { inner } else { &error };
        match *inner {
            RequestError::DeadlineExceeded
            | RequestError::TimedOut { .. }
            | RequestError::ServerError { status: 408 | 504, .. } => Self::Timeout,
            RequestError::CircuitOpen { retry_after } => {
                let retry_after = Some(retry_after);
                Self::Unavailable { retry_after, source: Some(error.into()) }
            }
            RequestError::RateLimited { retry_after }
            | RequestError::ServerError { status: 503, retry_after } => {
                Self::Unavailable { retry_after, source: Some(error.into()) }
            }
            RequestError::Unreachable(_) | RequestError::SlowSearch => {
                Self::Unavailable { retry_after: None, source: Some(error.into()) }
            }
            RequestError::ConnectionBroken(_)
            | RequestError::ServerError { .. }
            | RequestError::Malformed(_)
            | RequestError::Rejected(_)
            | RequestError::NoToken(_) => Self::Failed { source: error.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_of_a_short_deadline_is_not_shared() {
        assert!(!RequestError::DeadlineExceeded.applies_to_waiters());
        assert!(!RequestError::TimedOut { cut_short: true }.applies_to_waiters());
        assert!(RequestError::TimedOut { cut_short: false }.applies_to_waiters());
        assert!(RequestError::CircuitOpen { retry_after: Duration::ZERO }.applies_to_waiters());
    }
}
