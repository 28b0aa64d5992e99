//! Errors of settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ports::error_chain;
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
    /// An environment variable sets nothing.
    #[error("{key}: {reason}")]
    Variable {
        /// The path of the key that the name of the variable stands for.
        key: String,
        /// What is wrong with the variable, with its name.
        reason: String,
    },
    /// There are errors, and no settings file was given.
    #[error("no settings file was given; name one with --config FILE or USHER_CONFIG")]
    NoFile,
    /// Several errors.
    #[error("{}", joined(.0))]
    Many(Vec<InvalidSettings>),
}

impl InvalidSettings {
    #[expect(clippy::needless_pass_by_value, reason = "callers have no further use for the error")]
    pub(crate) fn value(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Value { key: key.into(), reason: reason.to_string() }
    }

    /// Returns one error about all of these, of which there must be one.
    pub(crate) fn all(errors: Vec<Self>) -> Self {
        let mut found = Errors::default();
        for error in errors {
            found.add(error);
        }
        match <[Self; 1]>::try_from(found.found) {
            Ok([error]) => error,
            Err(errors) => Self::Many(errors),
        }
    }

    /// Returns the errors of which this one consists, each as one line.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Many(errors) => errors.iter().flat_map(Self::lines).collect(),
            Self::File { .. }
            | Self::Source(_)
            | Self::Value { .. }
            | Self::Variable { .. }
            | Self::NoFile => vec![error_chain(self)],
        }
    }

    /// Returns the key of the invalid value.
    fn key(&self) -> Option<&str> {
        match self {
            Self::Value { key, .. } => Some(key),
            Self::File { .. }
            | Self::Source(_)
            | Self::Variable { .. }
            | Self::NoFile
            | Self::Many(_) => None,
        }
    }
}

fn joined(errors: &[InvalidSettings]) -> String {
    errors.iter().flat_map(InvalidSettings::lines).collect::<Vec<_>>().join("; ")
}

/// Collects errors, so that all are reported at once.
#[derive(Debug, Default)]
pub(super) struct Errors {
    found: Vec<InvalidSettings>,
    /// The keys that environment variables set, with the names of the variables.
    variables: BTreeMap<String, String>,
}

impl Errors {
    /// Names these variables in later errors about the keys that they set.
    pub(super) fn set_variables(&mut self, variables: BTreeMap<String, String>) {
        self.variables = variables;
    }

    /// Records an error, unless the same key, a part of it or its section has one already: the
    /// placeholder for an invalid value must not cause further errors.
    pub(super) fn add(&mut self, mut error: InvalidSettings) {
        if let InvalidSettings::Value { key, reason } = &mut error {
            if self.found.iter().filter_map(InvalidSettings::key).any(|found| overlap(found, key)) {
                return;
            }
            let whole_key = key.split('[').next().unwrap_or_default();
            if let Some(name) = self.variables.get(whole_key) {
                reason.push_str("; the variable ");
                reason.push_str(name);
                reason.push_str(" sets it");
            }
        }
        self.found.push(error);
    }

    /// Returns the value, or records the error.
    pub(super) fn check<T>(&mut self, result: SettingsResult<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Returns the value, or records the error and returns a placeholder.
    pub(super) fn check_or_default<T: Default>(&mut self, result: SettingsResult<T>) -> T {
        self.check(result).unwrap_or_default()
    }

    /// Adds an explanation before the errors, if there are any.
    pub(super) fn explain(&mut self, explanation: InvalidSettings) {
        if !self.is_empty() {
            self.found.insert(0, explanation);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the value if there are no errors.
    ///
    /// # Errors
    /// All recorded errors.
    pub(super) fn into_result<T>(self, value: T) -> SettingsResult<T> {
        if self.is_empty() { Ok(value) } else { Err(InvalidSettings::all(self.found)) }
    }
}

/// Returns whether the keys are equal, or one of them contains the other.
fn overlap(one: &str, other: &str) -> bool {
    let contains = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    contains(one, other) || contains(other, one)
}
