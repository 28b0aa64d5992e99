//! Loads settings for the commands.

use std::path::Path;

use super::convert::convert;
use super::error::SettingsResult;
use super::http::http;
use super::layers::{DEFAULTS, DEVELOPMENT, file_from_environment, read, read_file, variable};
use super::model::{HttpSettings, Settings};
use super::opentelemetry::OpenTelemetry;
use super::source::Source;

/// Loads the settings for serving: the given file or the one that `USHER_CONFIG` names, over the
/// defaults and under the environment.
///
/// # Errors
/// When the settings are invalid or trust no issuer.
pub fn load(file: Option<&Path>) -> SettingsResult<Settings> {
    let (settings, _) = Source::File(file.map(Path::to_owned)).load()?;
    Ok(settings)
}

/// Loads settings like [`load`], but accepts settings without an issuer.
///
/// # Errors
/// When the settings are invalid.
pub fn load_lenient(file: Option<&Path>) -> SettingsResult<Settings> {
    let file = file.map(Path::to_owned).or_else(file_from_environment);
    convert(read_file(file.as_deref())?, file.as_deref().and_then(Path::parent))
}

/// Loads only the `[http]` section, without reading files that contain secrets.
///
/// # Errors
/// When the section is invalid.
pub fn load_http(file: Option<&Path>) -> SettingsResult<HttpSettings> {
    let file = file.map(Path::to_owned).or_else(file_from_environment);
    http(read_file(file.as_deref())?.http)
}

/// Loads the defaults under the environment, without a file.
///
/// # Errors
/// When the environment is invalid.
pub fn load_defaults() -> SettingsResult<Settings> {
    convert(read(&[DEFAULTS], None)?, None)
}

/// Loads settings like [`load_defaults`], with the defaults of development mode.
///
/// # Errors
/// When the environment is invalid.
pub fn load_development() -> SettingsResult<Settings> {
    convert(read(&[DEFAULTS, DEVELOPMENT], None)?, None)
}

/// Returns the variables of OpenTelemetry that are invalid and so ignored, each with the reason.
pub(crate) fn ignored_variables() -> Vec<String> {
    OpenTelemetry(variable).ignored()
}
