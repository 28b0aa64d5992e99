//! `usher check-config`

use super::output::{CommandResult, ConfigFile, print};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring;
use crate::settings;

pub(super) fn run(file: &ConfigFile) -> CommandResult {
    let settings = settings::load(file.config.as_deref())?;
    // The adapters validate the seed and some of the values. They send no requests here.
    let upstream = UpstreamRuntime::new()?;
    wiring::wire(&settings, &upstream)?;
    wiring::traces(&settings, &upstream)?;
    for reason in settings::ignored_variables() {
        print(&format!("{reason}; the variable is ignored."))?;
    }
    print("The settings are valid.")?;
    Ok(())
}
