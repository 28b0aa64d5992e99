//! Errors of the wiring.

use std::error::Error as StdError;
use std::path::PathBuf;

use ports::error_chain;
use thiserror::Error;

use crate::settings::InvalidSettings;

/// The error of an adapter.
type BoxedError = Box<dyn StdError + Send + Sync>;

/// Errors of the wiring.
#[derive(Debug, Error)]
pub(crate) enum WiringError {
    /// The seed file cannot be opened.
    #[error("directory.memory.seed: {path} cannot be read")]
    SeedFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The seed is invalid.
    #[error("directory.memory.seed")]
    Seed(#[source] BoxedError),
    /// A setting that an adapter validates is invalid.
    #[error("{section}.{key}: {reason}")]
    Setting {
        /// The section.
        section: &'static str,
        /// The key.
        key: &'static str,
        /// What is wrong with the value.
        reason: String,
    },
    /// The Auth0 domain is not on loopback in development mode, which would give anyone access to a
    /// real Auth0 tenant.
    #[error(
        "directory.auth0.domain: must be a loopback address in development mode, which gives tokens \
         to anyone"
    )]
    DevOnRealAuth0,
    /// The database is on another machine in development mode, which would give anyone access to it.
    #[error(
        "database.url: must be on this machine in development mode, which gives tokens to anyone"
    )]
    DevOnRealDatabase,
    /// The database cannot be used, or its schema has another version.
    #[error("PostgreSQL")]
    Database(#[source] BoxedError),
    /// The adapter has no schema.
    #[error("directory.adapter: must be postgres for usher migrate")]
    NoSchema,
    /// The doctor has no checks for the adapter.
    #[error("directory.adapter: must be auth0 for usher doctor")]
    NoChecks,
    /// An HTTP client cannot be created.
    #[error("the HTTP client for {name} cannot be created")]
    Client {
        /// What the client is for.
        name: &'static str,
        /// The cause.
        #[source]
        source: BoxedError,
    },
}

impl WiringError {
    pub(super) fn setting(
        section: &'static str,
        key: &'static str,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::Setting { section, key, reason: reason.to_string() }
    }

    pub(super) fn auth0(key: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::setting("directory.auth0", key, reason)
    }

    pub(super) fn database<E: Into<BoxedError>>(error: E) -> Self {
        Self::Database(error.into())
    }

    pub(super) fn client<E: Into<BoxedError>>(name: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Client { name, source: error.into() }
    }
}

impl From<WiringError> for InvalidSettings {
    fn from(error: WiringError) -> Self {
        let text = error_chain(&error);
        match text.split_once(": ") {
            Some((key, reason))
                if !matches!(error, WiringError::Client { .. } | WiringError::Database(_)) =>
            {
                Self::value(key, reason)
            }
            Some(_) | None => Self::Source(text),
        }
    }
}
