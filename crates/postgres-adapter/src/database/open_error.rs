//! Why a database cannot be used.

use thiserror::Error;

/// Why a database cannot be used. `Display` is for the log and for the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The certificates to trust cannot be read.
    #[error("the certificates to trust must be one or more PEM certificates")]
    Certificate,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] ports::BoxError),
    /// The pool of connections cannot be set up.
    #[error("the pool of connections cannot be set up")]
    Pool(#[source] ports::BoxError),
}
