//! Merges defaults, settings file and environment variables.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat};
use serde_json::Value;

use super::defaults::DEFAULTS;
use super::environment::{Environment, FILE_VARIABLE};
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::opentelemetry::OpenTelemetry;
use super::raw::Raw;
use super::schema::schema;
use super::shape;

/// Reads the settings file over the defaults and under the environment.
pub(super) fn read_file(file: Option<&Path>, errors: &mut Errors) -> SettingsResult<Raw> {
    read(&[DEFAULTS], file, errors)
}

/// Merges compiled-in texts, the variables of OpenTelemetry, the file and the environment; later
/// layers override earlier ones. Records errors of single keys, and replaces their values by
/// placeholders.
///
/// # Errors
/// When the file cannot be read or parsed.
pub(super) fn read(
    compiled_in: &[&str],
    file: Option<&Path>,
    errors: &mut Errors,
) -> SettingsResult<Raw> {
    let mut layers = Config::builder();
    for text in compiled_in {
        layers = layers.add_source(File::from_str(text, FileFormat::Toml));
    }
    layers = layers.add_source(OpenTelemetry(variable).layer()?);
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| InvalidSettings::File { path: path.to_owned(), source })?;
        layers = layers.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let merged: Result<Value, _> = layers.build().and_then(Config::try_deserialize);
    let mut merged = merged.map_err(|error| match file {
        Some(path) => {
            InvalidSettings::Source(format!("{}: {}", path.display(), parser_message(&error)))
        }
        None => InvalidSettings::Source(parser_message(&error)),
    })?;
    let schema = schema()?;
    Environment::new(&schema, variables()).apply(&mut merged, errors);
    shape::check(&schema, &mut merged, "", errors);
    // The schema allows all that the types do not, except for some numbers.
    serde_path_to_error::deserialize(merged)
        .map_err(|error| InvalidSettings::value(error.path().to_string(), error.inner()))
}

/// Returns a warning about each variable that looks like one of Usher's and sets nothing.
pub(super) fn misspelt_variables() -> Vec<String> {
    schema().map_or_else(|_| Vec::new(), |schema| Environment::new(&schema, variables()).ignored())
}

/// Returns the settings file that the environment names; an empty name counts as unset.
pub(super) fn file_from_environment() -> Option<PathBuf> {
    variable(FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// Returns the directory for state that outlives a process, per the XDG base directory
/// specification.
pub fn state_folder() -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    path("XDG_STATE_HOME").or_else(|| Some(path("HOME")?.join(".local/state")))
}

/// Resolves a path relative to the folder of the settings file that contains it.
pub(super) fn resolve_path(folder: Option<&Path>, file: &str) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(file), |folder| folder.join(file))
}

#[expect(clippy::disallowed_methods, reason = "with `variables`, all that reads the environment")]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn variables() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Returns position and reason of a parse error, without the lines of the file that the parser
/// quotes, which may contain a secret.
fn parser_message(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(position), Some(reason)) => format!("{position}: {reason}"),
        (Some(line), None) => line.to_owned(),
        (None, _) => "cannot be read".to_owned(),
    }
}
