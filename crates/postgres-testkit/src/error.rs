//! The errors of this crate.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The reason why a cluster or a database cannot be used.
#[derive(Debug, Error)]
pub enum Error {
    /// No server is installed.
    #[error(
        "no PostgreSQL server (15 to 18) is installed: apt-get install postgresql, or name the \
         folder of its programs in USHER_POSTGRES_BIN"
    )]
    NotInstalled,
    /// `USHER_POSTGRES_BIN` is wrong.
    #[error("USHER_POSTGRES_BIN: {} does not contain initdb, pg_ctl and postgres", .0.display())]
    WrongFolder(PathBuf),
    /// A file could not be written, or a program could not be started.
    #[error("{action} failed")]
    Io {
        /// What failed.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it printed, or the end of the server's log.
        output: String,
    },
    /// The server is neither ready nor has it given up.
    #[error("the server was not ready within {seconds} s; its log: {log}")]
    NotReady {
        /// How long it had.
        seconds: u64,
        /// The server's log.
        log: String,
    },
    /// The certificate could not be generated.
    #[error("the certificate cannot be generated")]
    Certificate(#[from] rcgen::Error),
    /// A statement or connection failed.
    #[error("PostgreSQL refused: {message}")]
    Sql {
        /// What the server says.
        message: String,
        /// The client's error.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The preparation of a template failed.
    #[error("the template {name} could not be prepared")]
    Template {
        /// The template.
        name: String,
        /// The error of the preparation.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The cluster has no TCP port; see [`crate::Options::network`].
    #[error("the cluster accepts no TCP connections")]
    NoNetwork,
}

impl Error {
    /// Returns a function for `map_err`.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(source: tokio_postgres::Error) -> Self {
        let message = source.as_db_error().map_or_else(|| source.to_string(), ToString::to_string);
        Self::Sql { message, source }
    }
}
