//! Why a call of the Management API failed, and what a port says of it.

use ports::{Conflict, PortError, RejectedValue};

use crate::error::{Failure, Meaning};

/// Why a call of the Management API did not do what it was to do.
#[derive(Debug)]
pub(crate) enum Fault {
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
    Port(PortError),
    /// What was asked for may or may not have been done.
    Lost(PortError),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let refusal = match &failure {
            Failure::Refused(refusal) => refusal,
            Failure::NoToken(inner) => {
                if let Failure::Refused(refusal) = &**inner {
                    // A token is the operator's business, whatever the answer seems to mean.
                    refusal.tell_operator();
                }
                return Self::Port(failure.into());
            }
            Failure::Open { .. }
            | Failure::NoTime
            | Failure::Unreachable(_)
            | Failure::Limited { .. }
            | Failure::Broken(_)
            | Failure::TimedOut { .. }
            | Failure::Status { .. }
            | Failure::SlowSearch
            | Failure::Garbage(_) => {
                let certain = failure.is_certain();
                let error = failure.into();
                return if certain { Self::Port(error) } else { Self::Lost(error) };
            }
        };
        match refusal.meaning() {
            Meaning::NotFound => Self::NotFound,
            Meaning::EmailTaken => Self::EmailTaken,
            Meaning::UsernameTaken => Self::UsernameTaken,
            Meaning::WeakPassword => Self::WeakPassword,
            Meaning::NoUsernames => Self::NoUsernames,
            Meaning::UsernameRequired => Self::UsernameRequired,
            Meaning::InvalidEmail => Self::InvalidEmail,
            Meaning::InvalidUsername => Self::InvalidUsername,
            Meaning::InvalidName => Self::InvalidName,
            Meaning::NotSupported => Self::NotSupported,
            Meaning::Unauthorized
            | Meaning::WrongPassword
            | Meaning::RightPassword
            | Meaning::AttemptsStopped
            | Meaning::OperatorsProblem => {
                refusal.tell_operator();
                Self::Port(failure.into())
            }
        }
    }
}

impl From<Fault> for PortError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::NotFound,
            Fault::EmailTaken => Self::Conflict(Conflict::EmailTaken),
            Fault::UsernameTaken => Self::Conflict(Conflict::UsernameTaken),
            Fault::WeakPassword => Self::Rejected(RejectedValue::WeakPassword),
            Fault::InvalidEmail => Self::Rejected(RejectedValue::Email),
            Fault::NoUsernames | Fault::UsernameRequired | Fault::InvalidUsername => {
                Self::Rejected(RejectedValue::Username)
            }
            Fault::InvalidName => Self::Rejected(RejectedValue::Name),
            Fault::NotSupported => Self::Rejected(RejectedValue::Unsupported),
            Fault::Port(error) | Fault::Lost(error) => error,
        }
    }
}

/// Why there is no new account, or maybe no new account.
#[derive(Debug)]
pub(crate) enum CreateFault {
    /// Certainly none was made.
    Rejected(Fault),
    /// One may or may not have been made: the answer is not there, or makes no sense.
    Lost(Fault),
}

impl From<Failure> for CreateFault {
    fn from(failure: Failure) -> Self {
        if failure.is_certain() {
            Self::Rejected(failure.into())
        } else {
            Self::Lost(failure.into())
        }
    }
}
