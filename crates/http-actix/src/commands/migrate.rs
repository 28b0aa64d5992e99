//! `usher migrate`

use clap::Args;

use super::output::{CommandResult, ConfigFile, print};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring::postgres;
use crate::settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Change nothing; exit with 1 if the schema is not current
    #[arg(long)]
    check: bool,
}

/// Migrates the schema, or checks it.
pub(super) fn run(options: &Options) -> CommandResult {
    let settings = settings::load_lenient(options.file.config.as_deref())?;
    let upstream = UpstreamRuntime::new()?;
    let outcome = if options.check {
        postgres::check_schema(&settings, &upstream)?
    } else {
        postgres::migrate(&settings, &upstream)?
    };
    print(&outcome)?;
    Ok(())
}
