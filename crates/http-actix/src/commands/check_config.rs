//! `usher check-config`

use super::output::{CommandResult, ConfigFile, print};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring;
use crate::settings::{self, Source};

/// Prints all errors, or what is doubtful in valid settings.
pub(super) fn run(file: &ConfigFile) -> CommandResult {
    let mut draft = Source::File(file.config.clone()).draft()?;
    let findings = wiring::check(draft.settings(), &UpstreamRuntime::new()?);
    draft.add(findings.errors);
    let warn = |warnings: Vec<String>| {
        warnings.iter().try_for_each(|warning| print(&format!("warning: {warning}.")))
    };
    warn(settings::ignored_variables())?;
    draft.finish()?;
    warn(findings.warnings)?;
    print("The settings are valid.")?;
    Ok(())
}
