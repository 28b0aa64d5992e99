//! `usher check-config`

use super::{CommandResult, ConfigFile, print};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring;
use crate::settings;

pub(super) fn run(file: &ConfigFile) -> CommandResult {
    let settings = settings::load(file.config.as_deref())?;
    // The seed is a part of them, and some values only the adapter can judge. Nothing is sent.
    let upstream = UpstreamRuntime::new()?;
    wiring::wire(&settings, &upstream)?;
    wiring::traces(&settings, &upstream)?;
    print("The settings are good.")?;
    Ok(())
}
