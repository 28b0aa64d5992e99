//! `usher doctor`

use std::error::Error as StdError;
use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::output::{ConfigFile, print};
use crate::process::diagnosis::{Diagnosis, Status};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring;
use crate::settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Runs the checks and prints the results. Returns whether no check found a problem.
pub(super) fn run(options: &Options) -> Result<bool, Box<dyn StdError>> {
    let settings = settings::load_lenient(options.file.config.as_deref())?;
    let results = UpstreamRuntime::new()?.runtime().block_on(wiring::diagnose(&settings))?;
    let is_ok = results.iter().all(|result| result.status != Status::Problem);
    print(&if options.json { as_json(is_ok, &results) } else { as_text(is_ok, &results) })?;
    Ok(is_ok)
}

fn label(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Problem => "problem",
        Status::Skipped => "skipped",
    }
}

fn as_json(is_ok: bool, results: &[Diagnosis]) -> String {
    let findings: Vec<_> = results
        .iter()
        .map(|result| {
            json!({
                "check": result.check,
                "verdict": label(result.status),
                "message": result.message,
                "fix": result.fix,
            })
        })
        .collect();
    json!({ "ok": is_ok, "findings": findings }).to_string()
}

fn as_text(is_ok: bool, results: &[Diagnosis]) -> String {
    let width = results.iter().map(|result| result.check.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Diagnosis { check, status, message, fix } in results {
        let _ = writeln!(text, "{:<8} {check:<width$}  {message}", label(*status));
        if let Some(fix) = fix {
            let _ = writeln!(text, "{:<8} {:<width$}  fix: {fix}", "", "");
        }
    }
    text.push_str(if is_ok {
        "Usher can serve with these settings."
    } else {
        "Usher cannot serve correctly with these settings; see the problems above."
    });
    text
}
