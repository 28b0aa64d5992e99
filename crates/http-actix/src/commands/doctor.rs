//! `usher doctor`

use std::error::Error as StdError;
use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::{ConfigFile, print};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring::{self, Finding, FindingStatus};
use crate::settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Prints one JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

/// Whether nothing stands against serving with these settings.
pub(super) fn run(options: &Options) -> Result<bool, Box<dyn StdError>> {
    let settings = settings::load_lenient(options.file.config.as_deref())?;
    let findings = UpstreamRuntime::new()?.runtime().block_on(wiring::examine(&settings))?;
    let well = findings.iter().all(|finding| finding.status != FindingStatus::Problem);
    print(&if options.json { as_json(well, &findings) } else { as_text(well, &findings) })?;
    Ok(well)
}

fn word(status: FindingStatus) -> &'static str {
    match status {
        FindingStatus::Ok => "ok",
        FindingStatus::Warning => "warning",
        FindingStatus::Problem => "problem",
        FindingStatus::Skipped => "skipped",
    }
}

fn as_json(well: bool, findings: &[Finding]) -> String {
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.check,
                "verdict": word(finding.status),
                "message": finding.message,
                "fix": finding.fix,
            })
        })
        .collect();
    json!({ "ok": well, "findings": findings }).to_string()
}

fn as_text(well: bool, findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { check, status, message, fix } in findings {
        let _ = writeln!(text, "{:<8} {check:<width$}  {message}", word(*status));
        if let Some(fix) = fix {
            let _ = writeln!(text, "{:<8} {:<width$}  to do: {fix}", "", "");
        }
    }
    text.push_str(if well {
        "Usher can serve with these settings."
    } else {
        "Usher cannot serve well with these settings; see the problems above."
    });
    text
}
