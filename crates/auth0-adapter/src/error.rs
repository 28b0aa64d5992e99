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
pub(crate) enum Failure {
    /// Auth0 failed too often; nothing was sent.
    #[error("Auth0 failed too often and is left alone for a while")]
    Open {
        /// For how long.
        retry_after: Duration,
    },
    /// The deadline passed; nothing was sent.
    #[error("no time was left to ask Auth0")]
    NoTime,
    /// No connection; nothing was sent.
    #[error("Auth0 cannot be reached")]
    Unreachable(#[source] Arc<reqwest::Error>),
    /// The connection broke, before or after Auth0 did what it was asked.
    #[error("the exchange with Auth0 broke off")]
    Broken(#[source] Arc<reqwest::Error>),
    /// No answer in time.
    #[error("Auth0 did not answer in time")]
    TimedOut {
        /// The deadline left it so little time that this says nothing about Auth0.
        cut_short: bool,
    },
    /// 429. Nothing was done.
    #[error("Auth0 limits the rate")]
    Limited {
        /// When to come back, if Auth0 says.
        retry_after: Option<Duration>,
    },
    /// 5xx; or 408, with which some server on the way has given up.
    #[error("Auth0 answered with status {status}")]
    Status {
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
    Garbage(#[from] Garbage),
    /// 4xx. Nothing was done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no token to ask with; nothing was sent.
    #[error("there is no token for the Management API")]
    NoToken(#[source] Arc<Failure>),
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
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
    RightPassword,
    /// Log-in: Auth0's attack protection.
    AttemptsStopped,
    /// Anything else: the configuration is wrong, here or at Auth0, or Usher is.
    OperatorsProblem,
}

/// A refusal, as far as it may be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) struct Refusal {
    status: u16,
    code: Option<String>,
    meaning: Meaning,
    /// The scopes of which one would have been enough.
    scopes: Vec<String>,
}

impl Refusal {
    pub(crate) fn new(
        status: u16,
        code: Option<String>,
        meaning: Meaning,
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

    pub(crate) fn meaning(&self) -> Meaning {
        self.meaning
    }

    /// Says in the log that somebody has to mend something.
    pub(crate) fn tell_operator(&self) {
        tracing::error!(
            status = self.status,
            code = self.code(),
            missing_scopes = ?self.scopes,
            "Auth0 refuses what Usher asks; `usher doctor` says more"
        );
    }
}

impl fmt::Display for Refusal {
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
pub(crate) enum Garbage {
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
impl From<serde_json::Error> for Garbage {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

impl Failure {
    /// Whether Auth0 certainly did nothing of what it was asked.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::NoTime
            | Self::Unreachable(_)
            | Self::Limited { .. }
            | Self::Refused(_)
            | Self::NoToken(_) => true,
            Self::Broken(_)
            | Self::TimedOut { .. }
            | Self::Status { .. }
            | Self::SlowSearch
            | Self::Garbage(_) => false,
        }
    }

    /// Whether others who wait for the same thing would fare no better.
    pub(crate) fn is_common(&self) -> bool {
        !matches!(self, Self::NoTime | Self::TimedOut { cut_short: true })
    }
}

impl From<JoinError<Failure>> for Failure {
    fn from(error: JoinError<Failure>) -> Self {
        match error {
            JoinError::DeadlineExceeded => Self::NoTime,
            JoinError::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        // What is inside decides, what is outside is told.
        let inner = if let Failure::NoToken(inner) = &failure { inner } else { &failure };
        match *inner {
            Failure::NoTime
            | Failure::TimedOut { .. }
            | Failure::Status { status: 408 | 504, .. } => Self::Timeout,
            Failure::Open { retry_after } => {
                let retry_after = Some(retry_after);
                Self::Unavailable { retry_after, source: Some(failure.into()) }
            }
            Failure::Limited { retry_after } | Failure::Status { status: 503, retry_after } => {
                Self::Unavailable { retry_after, source: Some(failure.into()) }
            }
            Failure::Unreachable(_) | Failure::SlowSearch => {
                Self::Unavailable { retry_after: None, source: Some(failure.into()) }
            }
            Failure::Broken(_)
            | Failure::Status { .. }
            | Failure::Garbage(_)
            | Failure::Refused(_)
            | Failure::NoToken(_) => Self::Failed { source: failure.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_of_a_short_deadline_is_not_shared() {
        assert!(!Failure::NoTime.is_common());
        assert!(!Failure::TimedOut { cut_short: true }.is_common());
        assert!(Failure::TimedOut { cut_short: false }.is_common());
        assert!(Failure::Open { retry_after: Duration::ZERO }.is_common());
    }
}
