//! Findings of the doctor.

use serde::Serialize;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check, such as `scope read:users`.
    pub check: &'static str,
    /// Whether what was found is a problem. Serialized as `verdict`.
    #[serde(rename = "verdict")]
    pub status: FindingStatus,
    /// What was found.
    pub message: String,
    /// How to fix it, if there is something to fix.
    pub fix: Option<String>,
}

/// The status of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingStatus {
    /// As required.
    Ok,
    /// It works, with a limitation.
    Warning,
    /// It does not work.
    Problem,
    /// The check was not made.
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

pub(super) const NOT_LOOKED_AT: &str = "Not checked, because an earlier check failed.";

/// Returns an error's text followed by those of its sources.
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
