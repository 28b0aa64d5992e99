//! `usher openapi`

use super::{CommandResult, print};
use crate::openapi;

pub(super) fn run() -> CommandResult {
    print(openapi::text()?.trim_end())?;
    Ok(())
}
