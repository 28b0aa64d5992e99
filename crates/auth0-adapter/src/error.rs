//! What can go wrong on the way to Auth0, and what a port says of it.
//!
//! `Display` and `Debug` of everything here are fit for a log: no bodies, no tokens, no addresses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ports::PortError;
use thiserror::Error;

use crate::single_flight::JoinError;

/// Why there is no answer that could be used.
#[derive(Debug, Clone, Error)]
pub(crate) enum RequestError {
    /// Auth0 failed too often; nothing was sent.
    #[error("Auth0 failed too often and is left alone for a while")]
    CircuitOpen {
        /// For how long.
        retry_after: Duration,
    },
    /// The deadline passed; nothing was sent.
    #[error("no time was left to ask Auth0")]
    DeadlineExceeded,
    /// No connection; nothing was sent.
    #[error("Auth0 cannot be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The connection broke, before or after Auth0 did what it was asked.
    #[error("the exchange with Auth0 broke off")]
    ConnectionBroken(#[source] Arc<reqwest::Error>),
    /// No answer in time.
    #[error("Auth0 did not answer in time")]
    TimedOut {
        /// The deadline left it so little time that this says nothing about Auth0.
        cut_short: bool,
    },
    /// 429. Nothing was done.
    #[error("Auth0 limits the rate")]
    RateLimited {
        /// When to come back, if Auth0 says.
        retry_after: Option<Duration>,
    },
    /// 5xx; or 408, with which some server on the way has given up.
    #[error("Auth0 answered with status {status}")]
    ServerError {
        /// The status.
        status: u16,
        /// When to come back, if Auth0 says.
        retry_after: Option<Duration>,
    },
    /// 503 for a search that takes longer than Auth0 allows. Auth0 itself is well.
    #[error("the search took longer than Auth0 allows")]
    SlowSearch,
    /// An answer that makes no sense.
    #[error("Auth0's answer makes no sense")]
    Malformed(#[from] MalformedResponse),
    /// 4xx. Nothing was done.
    #[error(transparent)]
    Rejected(#[from] ErrorResponse),
    /// There is no token to ask with; nothing was sent.
    #[error("there is no token for the Management API")]
    NoToken(#[source] Arc<RequestError>),
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorMeaning {
    /// There is no such account.
    NotFound,
    /// Another account has the address, or the id that was chosen.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// The password is against the connection's policy.
    WeakPassword,
    /// The connection takes no usernames.
    NoUsernames,
    /// The connection takes no account without a username.
    UsernameRequired,
    /// Auth0 does not take the address.
    InvalidEmail,
    /// Auth0 does not take the username.
    InvalidUsername,
    /// Auth0 does not take one of the names.
    InvalidName,
    /// Auth0 cannot do this to an account of this kind.
    NotSupported,
    /// The token is no good, or not any more.
    Unauthorized,
    /// Log-in: not the account's password.
    WrongPassword,
    /// Log-in: the account's password, although something else is in the way.
    CorrectPassword,
    /// Log-in: Auth0's attack protection.
    AttemptsBlocked,
    /// Anything else: the configuration is wrong, here or at Auth0, or Usher is.
    Misconfigured,
}

/// A refusal, as far as it may be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) struct ErrorResponse {
    status: u16,
    code: Option<String>,
    meaning: ErrorMeaning,
    /// The scopes of which one would have been enough.
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

    /// Says in the log that somebody has to mend something.
    pub(crate) fn log_for_operator(&self) {
        tracing::error!(
            status = self.status,
            code = self.code(),
            missing_scopes = ?self.scopes,
            "Auth0 refuses what Usher asks; `usher doctor` says more"
        );
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Auth0 refuses with status {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if !self.scopes.is_empty() {
            write!(f, "; it wants one of the scopes {}", self.scopes.join(", "))?;
        }
        Ok(())
    }
}

/// Why an answer makes no sense. Of the answer itself nothing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum MalformedResponse {
    /// It has no end, or one too far away.
    #[error("it is too long")]
    TooLong,
    /// A status that this call does not have.
    #[error("it has status {0}")]
    Status(u16),
    /// No JSON, or not of the form that was expected.
    #[error("it is not the JSON that was expected, at line {line} column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A token that cannot be sent in a header.
    #[error("it holds a malformed token")]
    Token,
}

/// The parser's own error would repeat parts of the body.
impl From<serde_json::Error> for MalformedResponse {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

impl RequestError {
    /// Whether Auth0 certainly did nothing of what it was asked.
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

    /// Whether others who wait for the same thing would fare no better.
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
        // What is inside decides, what is outside is told.
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
