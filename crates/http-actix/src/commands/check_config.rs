//! `usher check-config`

use super::{CommandResult, ConfigFile, print};
use crate::process::upstream_runtime::Outgoing;
use crate::process::wiring;
use crate::settings;

pub(super) fn run(file: &ConfigFile) -> CommandResult {
    let settings = settings::load(file.config.as_deref())?;
    // The seed is a part of them, and some values only the adapter can judge. Nothing is sent.
    let outgoing = Outgoing::new()?;
    wiring::wire(&settings, &outgoing)?;
    wiring::traces(&settings, &outgoing)?;
    print("The settings are good.")?;
    Ok(())
}
