//! What can come of a use case, other than what was asked for.

use std::time::Duration;

use domain::{Denied, Refusal};
use ports::{BoxError, Conflict, PortError, RejectedValue};
use thiserror::Error;

/// Why a use case did not do what was asked. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum UseCaseError {
    /// There is no such account, as far as the caller may know.
    #[error("no such account for the caller")]
    Hidden,
    /// The caller may know that the thing exists, but may not do this.
    #[error("refused by the policy")]
    Refused(#[source] Refusal),
    /// The present state stands against it.
    #[error("conflict with the present state: {0:?}")]
    Conflict(Conflict),
    /// The directory does not take a value.
    #[error("value not acceptable: {0:?}")]
    Rejected(RejectedValue),
    /// What was offered as the current password is not it.
    #[error("the current password does not match")]
    CurrentPasswordMismatch,
    /// Too many wrong current passwords; no further one is looked at for now.
    #[error("too many wrong current passwords")]
    TooManyAttempts {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
    },
    /// The directory cannot take the call for now.
    #[error("directory unavailable")]
    Unavailable {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
        /// What was seen.
        #[source]
        source: Option<BoxError>,
    },
    /// The directory did not answer in time.
    #[error("directory timed out")]
    Timeout,
    /// The directory failed.
    #[error("directory failed")]
    Failed {
        /// What was seen.
        #[source]
        source: BoxError,
    },
}

impl From<Denied> for UseCaseError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::Hidden,
            Denied::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<PortError> for UseCaseError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::NotFound => Self::Hidden,
            PortError::Refused(refusal) => Self::Refused(refusal),
            PortError::Conflict(conflict) => Self::Conflict(conflict),
            PortError::Rejected(value) => Self::Rejected(value),
            PortError::TooManyAttempts { retry_after } => Self::TooManyAttempts { retry_after },
            PortError::Unavailable { retry_after, source } => {
                Self::Unavailable { retry_after, source }
            }
            PortError::Timeout => Self::Timeout,
            PortError::Failed { source } => Self::Failed { source },
        }
    }
}
