//! Errors of settings.

use std::path::PathBuf;

use thiserror::Error;

/// The result of reading or checking settings.
pub(super) type SettingsResult<T> = Result<T, InvalidSettings>;

/// Errors of settings that cannot be used.
#[derive(Debug, Error)]
pub enum InvalidSettings {
    /// The settings file cannot be read.
    #[error("{path}: cannot be read")]
    File {
        /// The settings file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The settings file or the environment cannot be parsed.
    #[error("{0}")]
    Source(String),
    /// A value is invalid.
    #[error("{key}: {reason}")]
    Value {
        /// The path of the key, as in the file.
        key: String,
        /// What is wrong with the value, and what is allowed.
        reason: String,
    },
}

impl InvalidSettings {
    #[expect(clippy::needless_pass_by_value, reason = "callers have no further use for the error")]
    pub(crate) fn value(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Value { key: key.into(), reason: reason.to_string() }
    }
}
