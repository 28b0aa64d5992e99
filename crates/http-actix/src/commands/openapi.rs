//! `usher openapi`

use super::output::{CommandResult, print};
use crate::openapi;

pub(super) fn run() -> CommandResult {
    print(openapi::text()?.trim_end())?;
    Ok(())
}
