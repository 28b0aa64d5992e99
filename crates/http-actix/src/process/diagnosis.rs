//! Results of the checks of `usher doctor`, independent of the adapter.

/// The result of one check.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    /// The name of the check, such as `scope read:users`.
    pub(crate) check: &'static str,
    /// The outcome.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) message: String,
    /// How to fix it, if that is known.
    pub(crate) fix: Option<String>,
}

/// Outcomes of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The check passed.
    Ok,
    /// The service works, with a limitation.
    Warning,
    /// The service does not work.
    Problem,
    /// The check could not run.
    Skipped,
}
