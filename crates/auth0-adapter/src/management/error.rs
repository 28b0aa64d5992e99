//! Errors of Management API calls, and the port errors they become.

use ports::{AccountField, Conflict, PortError, RejectedValue};

use crate::error::{ErrorMeaning, RequestError};

/// Errors of a Management API call.
#[derive(Debug)]
pub(crate) enum Auth0Error {
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
    /// Auth0 does not support this for an account of this kind. These fields were to be changed.
    NotSupported(Vec<AccountField>),
    /// Nothing was done, for any other reason. The caller cannot correct it.
    NotPerformed(PortError),
    /// The call may or may not have been processed.
    OutcomeUnknown(PortError),
}

impl From<RequestError> for Auth0Error {
    fn from(error: RequestError) -> Self {
        let response = match &error {
            RequestError::Rejected(response) => response,
            RequestError::NoToken(inner) => {
                if let RequestError::Rejected(response) = &**inner {
                    // A token is the operator's concern, whatever the response seems to mean.
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
            ErrorMeaning::NotSupported => Self::NotSupported(Vec::new()),
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
            Auth0Error::NotSupported(fields) => Self::Rejected(RejectedValue::Unsupported(fields)),
            Auth0Error::NotPerformed(error) | Auth0Error::OutcomeUnknown(error) => error,
        }
    }
}

/// Errors of creating an account.
#[derive(Debug)]
pub(crate) enum CreateError {
    /// No account was created.
    NotCreated(Auth0Error),
    /// An account may or may not have been created: the response is missing or malformed.
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
