//! What errors of the database mean.

use std::time::Duration;

use deadpool_postgres::PoolError;
use ports::{Conflict, PortError};
use tokio_postgres::error::SqlState;

/// How long callers should wait before they try again while the database is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a transaction failed. Nothing was changed, unless it is [`Failure::InDoubt`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// The domain or a port's contract decides so.
    Port(PortError),
    /// Another transaction was in the way, so that the same again may succeed.
    Contended(tokio_postgres::Error),
    /// The connection was lost, or the server refuses work for now.
    Unavailable(tokio_postgres::Error),
    /// No connection could be had.
    NoConnection(PoolError),
    /// Anything else.
    Failed(tokio_postgres::Error),
    /// The connection was lost while the transaction was being committed, and no other one could
    /// tell what became of it.
    InDoubt,
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<domain::Denied> for Failure {
    fn from(denied: domain::Denied) -> Self {
        Self::Port(denied.into())
    }
}

impl From<domain::LastProtectedRoleHolder> for Failure {
    fn from(last: domain::LastProtectedRoleHolder) -> Self {
        Self::Port(last.into())
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        Self::Port(conflict.into())
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::from(error),
            PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Self::NoConnection(error),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            // Without a code it is no answer of the server: the connection failed.
            return if is_decoding(&error) {
                Self::Failed(error)
            } else {
                Self::Unavailable(error)
            };
        };
        if let Some(conflict) = violated_key(&error) {
            return conflict.into();
        }
        match state {
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Contended(error)
            }
            state if is_unavailable(state) => Self::Unavailable(error),
            _ => Self::Failed(error),
        }
    }
}

/// Whether a value of the answer did not have the expected form.
fn is_decoding(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_none_or(|source| !source.is::<std::io::Error>())
        && !error.is_closed()
        && error.to_string().starts_with("error deserializing")
}

/// Returns the conflict of the account that has the same value, if a unique constraint says so.
fn violated_key(error: &tokio_postgres::Error) -> Option<Conflict> {
    let error = error.as_db_error()?;
    if error.code() != &SqlState::UNIQUE_VIOLATION {
        return None;
    }
    match error.constraint()? {
        "account_email_key" => Some(Conflict::EmailTaken),
        "account_username_key" => Some(Conflict::UsernameTaken),
        _ => None,
    }
}

/// Whether the server refuses work for now, by the class of its code (PostgreSQL manual, appendix
/// A): a broken connection, exhausted resources, an operator's intervention, a system error; and a
/// server that has become a standby.
fn is_unavailable(state: &SqlState) -> bool {
    let class = state.code().get(..2).unwrap_or_default();
    matches!(class, "08" | "53" | "57" | "58" | "55")
        || state == &SqlState::READ_ONLY_SQL_TRANSACTION
        || state == &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

impl Failure {
    /// Whether the whole transaction may be tried again at once: nothing of it was done, and there
    /// is reason to expect another outcome.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Contended(_) => true,
            // The pool opens another connection. A server that refuses does so again.
            Self::Unavailable(error) => error.is_closed() || error.code().is_none_or(is_lost),
            Self::Port(_) | Self::NoConnection(_) | Self::Failed(_) | Self::InDoubt => false,
        }
    }
}

/// Whether the code says that the connection has ended.
fn is_lost(state: &SqlState) -> bool {
    state == &SqlState::ADMIN_SHUTDOWN
        || state == &SqlState::CRASH_SHUTDOWN
        || state == &SqlState::READ_ONLY_SQL_TRANSACTION
        || state.code().starts_with("08")
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        let unavailable = |source: ports::BoxError| Self::Unavailable {
            retry_after: Some(RETRY_AFTER),
            source: Some(source),
        };
        match failure {
            Failure::Port(error) => error,
            Failure::Contended(error) | Failure::Unavailable(error) => unavailable(error.into()),
            Failure::NoConnection(error) => unavailable(error.into()),
            Failure::Failed(error) => Self::Failed { source: error.into() },
            Failure::InDoubt => Self::Timeout,
        }
    }
}
