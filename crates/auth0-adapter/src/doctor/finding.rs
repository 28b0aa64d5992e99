//! What a check found.

use serde::Serialize;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or two, such as `scope read:users`.
    pub check: &'static str,
    /// Whether what was found is a problem. The report calls it `verdict`.
    #[serde(rename = "verdict")]
    pub status: FindingStatus,
    /// What was found.
    pub message: String,
    /// What to do about it, if there is something to be done.
    pub fix: Option<String>,
}

/// What to make of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingStatus {
    /// As it should be.
    Ok,
    /// It works, but not as one might think.
    Warning,
    /// It does not work.
    Problem,
    /// It could not be looked at.
    Skipped,
}

impl Finding {
    pub(super) fn new(
        check: &'static str,
        status: FindingStatus,
        message: impl Into<String>,
    ) -> Self {
        Self { check, status, message: message.into(), fix: None }
    }

    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, FindingStatus::Ok, message)
    }

    pub(super) fn skipped(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, FindingStatus::Skipped, message)
    }

    pub(super) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

pub(super) const NOT_LOOKED_AT: &str = "It was not looked at, because of what was found before.";

/// An error with everything that led to it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
