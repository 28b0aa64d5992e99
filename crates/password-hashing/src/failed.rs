//! Errors of this crate, for the ports.

use ports::{BoxError, PortError};

pub(crate) fn failed(source: impl Into<BoxError>) -> PortError {
    PortError::Failed { source: source.into() }
}
