//! `usher check-config`

use super::{CommandResult, ConfigFile, print};
use crate::{settings, wiring};

pub(super) fn run(file: &ConfigFile) -> CommandResult {
    let settings = settings::load(file.config.as_deref())?;
    // The seed is a part of them.
    wiring::wire(&settings)?;
    print("The settings are good.");
    Ok(())
}
