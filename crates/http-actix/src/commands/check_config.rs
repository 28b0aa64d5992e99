//! `usher check-config`

use super::{CommandResult, ConfigFile, print};
use crate::settings;

pub(super) fn run(file: &ConfigFile) -> CommandResult {
    settings::load(file.config.as_deref())?;
    print("The settings are good.");
    Ok(())
}
