//! What can go wrong at a port, by what the inside can do about it.

use std::error::Error as StdError;
use std::time::Duration;

use domain::{Denied, Refusal};
use thiserror::Error;

/// The answer of a port.
pub type PortResult<T> = Result<T, PortError>;

/// What went wrong at a port. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum PortError {
    /// There is no such account, or the scope does not see it. Nothing was changed.
    #[error("no such account in scope")]
    NotFound,
    /// The scope refuses the change on the account as it is now. Nothing was changed.
    #[error("refused by the policy")]
    Refused(#[source] Refusal),
    /// The change does not fit the present state. Nothing was changed.
    #[error("conflict with the present state: {0:?}")]
    Conflict(Conflict),
    /// The directory does not take a value. Nothing was changed.
    #[error("value not acceptable: {0:?}")]
    Rejected(RejectedValue),
    /// The directory itself allows no more password attempts for now.
    #[error("too many password attempts")]
    TooManyAttempts {
        /// How long to wait, if the directory says.
        retry_after: Option<Duration>,
    },
    /// The directory cannot take the call for now: overloaded, limited, or out of reach.
    #[error("directory unavailable")]
    Unavailable {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
        /// What was seen.
        #[source]
        source: Option<BoxError>,
    },
    /// The directory did not answer in time. A change may or may not have been made.
    #[error("directory timed out")]
    Timeout,
    /// The directory failed, or answered what makes no sense.
    #[error("directory failed")]
    Failed {
        /// What was seen.
        #[source]
        source: BoxError,
    },
}

/// An error of whatever lies behind a port, for the log.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A state that stands against a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// The account already has a role of the catalogue in the tenant.
    AlreadyAttached,
    /// Another account has the e-mail address.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// More than one account has the e-mail address, so that it names none.
    AmbiguousAccount,
    /// A tenant would lose the last holder of a protected role (R4).
    LastProtectedRoleHolder,
}

/// A well-formed value that the directory does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectedValue {
    /// The password is against the directory's policy.
    WeakPassword,
    /// The e-mail address is against the directory's rules, which go further than Usher's.
    Email,
    /// The username is.
    Username,
    /// One of the names is.
    Name,
    /// The directory cannot do this to an account of this kind: one whose password or address
    /// another identity provider keeps, say.
    Unsupported,
}

/// Hidden accounts do not exist, as far as the caller is concerned.
impl From<Denied> for PortError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::NotFound,
            Denied::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<Conflict> for PortError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<domain::LastProtectedRoleHolder> for PortError {
    fn from(_: domain::LastProtectedRoleHolder) -> Self {
        Self::Conflict(Conflict::LastProtectedRoleHolder)
    }
}
