//! Loads settings for the commands.

use std::path::Path;

use super::convert::convert;
use super::defaults::{DEFAULTS, DEVELOPMENT};
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::http::http;
use super::layers::{file_from_environment, misspelt_variables, read, read_file, variable};
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
    let mut errors = Errors::default();
    let raw = read_file(file.as_deref(), &mut errors)?;
    let settings = convert(raw, file.as_deref().and_then(Path::parent), &mut errors);
    if file.is_none() {
        errors.explain(InvalidSettings::NoFile);
    }
    errors.into_result(settings)
}

/// Loads only the `[http]` section, without reading files that contain secrets.
///
/// # Errors
/// When the section is invalid.
pub fn load_http(file: Option<&Path>) -> SettingsResult<HttpSettings> {
    let file = file.map(Path::to_owned).or_else(file_from_environment);
    let mut errors = Errors::default();
    let raw = read_file(file.as_deref(), &mut errors)?;
    let settings = http(raw.http, &mut errors);
    errors.into_result(settings)
}

/// Loads the defaults under the environment, without a file.
///
/// # Errors
/// When the environment is invalid.
pub fn load_defaults() -> SettingsResult<Settings> {
    load_compiled_in(&[DEFAULTS])
}

/// Loads settings like [`load_defaults`], with the defaults of development mode.
///
/// # Errors
/// When the environment is invalid.
pub fn load_development() -> SettingsResult<Settings> {
    load_compiled_in(&[DEFAULTS, DEVELOPMENT])
}

fn load_compiled_in(texts: &[&str]) -> SettingsResult<Settings> {
    let mut errors = Errors::default();
    let settings = convert(read(texts, None, &mut errors)?, None, &mut errors);
    errors.into_result(settings)
}

/// Returns a warning about each variable that is ignored: those of OpenTelemetry that are invalid,
/// and those that look like one of Usher's.
pub(crate) fn ignored_variables() -> Vec<String> {
    let invalid = OpenTelemetry(variable).ignored();
    let invalid = invalid.into_iter().map(|reason| format!("{reason}; the variable is ignored"));
    invalid.chain(misspelt_variables()).collect()
}
