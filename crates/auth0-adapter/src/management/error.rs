//! Why a call of the Management API failed, and what a port says of it.

use ports::{Conflict, PortError, RejectedValue};

use crate::error::{ErrorMeaning, RequestError};

/// Why a call of the Management API did not do what it was to do.
#[derive(Debug)]
pub(crate) enum Auth0Error {
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
    /// Everything else that means that nothing was done: nothing that whoever asked could do
    /// differently.
    NotPerformed(PortError),
    /// What was asked for may or may not have been done.
    OutcomeUnknown(PortError),
}

impl From<RequestError> for Auth0Error {
    fn from(error: RequestError) -> Self {
        let response = match &error {
            RequestError::Rejected(response) => response,
            RequestError::NoToken(inner) => {
                if let RequestError::Rejected(response) = &**inner {
                    // A token is the operator's business, whatever the answer seems to mean.
                    response.log_for_operator();
                }
                return Self::NotPerformed(error.into());
            }
            RequestError::CircuitOpen { .. }
            | RequestError::DeadlineExceeded
            | RequestError::Unreachable(_)
            | RequestError::RateLimited { .. }
            | RequestError::ConnectionBroken(_)
            | RequestError::TimedOut { .. }
            | RequestError::ServerError { .. }
            | RequestError::SlowSearch
            | RequestError::Malformed(_) => {
                let unprocessed = error.is_unprocessed();
                let error = error.into();
                return if unprocessed {
                    Self::NotPerformed(error)
                } else {
                    Self::OutcomeUnknown(error)
                };
            }
        };
        match response.meaning() {
            ErrorMeaning::NotFound => Self::NotFound,
            ErrorMeaning::EmailTaken => Self::EmailTaken,
            ErrorMeaning::UsernameTaken => Self::UsernameTaken,
            ErrorMeaning::WeakPassword => Self::WeakPassword,
            ErrorMeaning::NoUsernames => Self::NoUsernames,
            ErrorMeaning::UsernameRequired => Self::UsernameRequired,
            ErrorMeaning::InvalidEmail => Self::InvalidEmail,
            ErrorMeaning::InvalidUsername => Self::InvalidUsername,
            ErrorMeaning::InvalidName => Self::InvalidName,
            ErrorMeaning::NotSupported => Self::NotSupported,
            ErrorMeaning::Unauthorized
            | ErrorMeaning::WrongPassword
            | ErrorMeaning::CorrectPassword
            | ErrorMeaning::AttemptsBlocked
            | ErrorMeaning::Misconfigured => {
                response.log_for_operator();
                Self::NotPerformed(error.into())
            }
        }
    }
}

impl From<Auth0Error> for PortError {
    fn from(error: Auth0Error) -> Self {
        match error {
            Auth0Error::NotFound => Self::NotFound,
            Auth0Error::EmailTaken => Self::Conflict(Conflict::EmailTaken),
            Auth0Error::UsernameTaken => Self::Conflict(Conflict::UsernameTaken),
            Auth0Error::WeakPassword => Self::Rejected(RejectedValue::WeakPassword),
            Auth0Error::InvalidEmail => Self::Rejected(RejectedValue::Email),
            Auth0Error::NoUsernames
            | Auth0Error::UsernameRequired
            | Auth0Error::InvalidUsername => Self::Rejected(RejectedValue::Username),
            Auth0Error::InvalidName => Self::Rejected(RejectedValue::Name),
            Auth0Error::NotSupported => Self::Rejected(RejectedValue::Unsupported),
            Auth0Error::NotPerformed(error) | Auth0Error::OutcomeUnknown(error) => error,
        }
    }
}

/// Why there is no new account, or maybe no new account.
#[derive(Debug)]
pub(crate) enum CreateError {
    /// Certainly none was made.
    NotCreated(Auth0Error),
    /// One may or may not have been made: the answer is not there, or makes no sense.
    OutcomeUnknown(Auth0Error),
}

impl From<RequestError> for CreateError {
    fn from(error: RequestError) -> Self {
        if error.is_unprocessed() {
            Self::NotCreated(error.into())
        } else {
            Self::OutcomeUnknown(error.into())
        }
    }
}
