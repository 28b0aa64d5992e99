//! Errors of ports, by what a use case can do about them.

use std::error::Error as StdError;
use std::time::Duration;

use domain::{AmbiguousAccount, Denied, LastProtectedRoleHolder, Refusal};
use thiserror::Error;

/// The result of a port method.
pub type PortResult<T> = Result<T, PortError>;

/// An error of a port. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum PortError {
    /// The account does not exist, or the scope does not see it. Nothing was changed.
    #[error("no such account in scope")]
    NotFound,
    /// The scope refuses the change on the current state of the account. Nothing was changed.
    #[error("refused by the policy")]
    Refused(#[source] Refusal),
    /// The change conflicts with the present state. Nothing was changed.
    #[error("conflict with the present state: {0:?}")]
    Conflict(Conflict),
    /// The directory rejects a value. Nothing was changed.
    #[error("value rejected: {0:?}")]
    Rejected(RejectedValue),
    /// The directory itself allows no more password attempts for now.
    #[error("too many password attempts")]
    TooManyAttempts {
        /// How long to wait, if the directory states it.
        retry_after: Option<Duration>,
    },
    /// The directory cannot serve the call for now: overloaded, rate limited, or unreachable.
    #[error("directory unavailable")]
    Unavailable {
        /// How long to wait, if known.
        retry_after: Option<Duration>,
        /// The underlying error.
        #[source]
        source: Option<BoxError>,
    },
    /// The directory did not respond in time. A change may or may not have been made.
    #[error("directory timed out")]
    Timeout,
    /// The directory failed, or its response is invalid.
    #[error("directory failed")]
    Failed {
        /// The underlying error.
        #[source]
        source: BoxError,
    },
}

/// An error behind a port, for the log.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A state that prevents a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The account already has a role of the catalogue in the tenant, by a membership that is not
    /// pending.
    AlreadyAttached,
    /// Another account has the e-mail address.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// More than one account has the e-mail address, so that it identifies none.
    AmbiguousAccount,
    /// A tenant would lose the last holder of a protected role (R4).
    LastProtectedRoleHolder(LastProtectedRoleHolder),
    /// The account is not attached to the tenant.
    NotAttached,
    /// The directory sends no mail.
    MailUnavailable,
}

/// A well-formed value that the directory rejects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RejectedValue {
    /// The password violates the directory's policy.
    WeakPassword,
    /// The e-mail address violates the directory's rules, which are stricter than Usher's.
    Email,
    /// The username violates the directory's rules.
    Username,
    /// One of the names violates the directory's rules.
    Name,
    /// The directory cannot change these fields for accounts of this kind, such as those whose
    /// address or password another identity provider manages. Empty if it is about no single field.
    Unsupported(Vec<AccountField>),
}

/// A field of an account that a change can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountField {
    /// The e-mail address.
    Email,
    /// The first name.
    GivenName,
    /// The last name.
    FamilyName,
    /// The account's own display name.
    DisplayName,
    /// The password.
    Password,
}

/// A hidden account is reported as not found.
impl From<Denied> for PortError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::NotFound,
            Denied::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl From<RejectedValue> for PortError {
    fn from(value: RejectedValue) -> Self {
        Self::Rejected(value)
    }
}

impl From<Conflict> for PortError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<LastProtectedRoleHolder> for PortError {
    fn from(last: LastProtectedRoleHolder) -> Self {
        Self::Conflict(Conflict::LastProtectedRoleHolder(last))
    }
}

impl From<AmbiguousAccount> for PortError {
    fn from(_: AmbiguousAccount) -> Self {
        Self::Conflict(Conflict::AmbiguousAccount)
    }
}
