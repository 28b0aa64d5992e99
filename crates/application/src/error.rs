//! Errors of use cases.

use std::time::Duration;

use domain::{Denied, Refusal};
use ports::{BoxError, Conflict, PortError, RejectedValue};
use thiserror::Error;

/// An error of a use case. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum UseCaseError {
    /// The account does not exist, or the caller may not know that it does.
    #[error("account missing or hidden from the caller")]
    Hidden,
    /// The caller may know that the account exists, but may not do this.
    #[error("refused by the policy")]
    Refused(#[source] Refusal),
    /// The present state prevents the change.
    #[error("conflict with the present state: {0:?}")]
    Conflict(Conflict),
    /// The directory rejects a value.
    #[error("value rejected: {0:?}")]
    Rejected(RejectedValue),
    /// The given current password is wrong.
    #[error("the current password does not match")]
    CurrentPasswordMismatch,
    /// Too many wrong current passwords, or too many changes of one password at once; no further one
    /// is made for now.
    #[error("too many wrong current passwords or concurrent changes")]
    TooManyAttempts {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
    },
    /// Too many invitations; no further one is sent for now.
    #[error("too many invitations")]
    TooManyInvitations {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The directory cannot serve the call for now.
    #[error("directory unavailable")]
    Unavailable {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
        /// The underlying error.
        #[source]
        source: Option<BoxError>,
    },
    /// The directory did not respond in time.
    #[error("directory timed out")]
    Timeout,
    /// The directory failed.
    #[error("directory failed")]
    Failed {
        /// The underlying error.
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
