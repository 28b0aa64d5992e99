//! Merges defaults, settings file and environment variables.

use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};

use super::error::{InvalidSettings, SettingsResult};
use super::opentelemetry::OpenTelemetry;
use super::raw::Raw;

pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");
pub(super) const DEVELOPMENT: &str = include_str!("../../config/development.toml");
/// Names the settings file, unless the command line does.
const FILE_VARIABLE: &str = "USHER_CONFIG";
/// Is not parsed as a number, unlike other variables: a secret may consist of digits.
const SECRET_VARIABLE: &str = "USHER__DIRECTORY__AUTH0__CLIENT_SECRET";

/// Reads the settings file over the defaults and under the environment.
pub(super) fn read_file(file: Option<&Path>) -> SettingsResult<Raw> {
    read(&[DEFAULTS], file)
}

/// Merges compiled-in texts, the variables of OpenTelemetry, the file and the environment; later
/// layers override earlier ones.
pub(super) fn read(compiled_in: &[&str], file: Option<&Path>) -> SettingsResult<Raw> {
    let environment = Environment::with_prefix("USHER")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("http.cors_origins")
        .with_list_parse_key("http.trusted_proxies")
        .with_list_parse_key("auth.known_tenants");
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
    let unreadable = |error: config::ConfigError| match file {
        Some(path) => {
            InvalidSettings::Source(format!("{}: {}", path.display(), parser_message(&error)))
        }
        None => InvalidSettings::Source(parser_message(&error)),
    };
    layers = layers.add_source(environment);
    if let Some(secret) = variable(SECRET_VARIABLE).and_then(|secret| secret.into_string().ok()) {
        layers =
            layers.set_override("directory.auth0.client_secret", secret).map_err(unreadable)?;
    }
    let layers = layers.build().map_err(unreadable)?;
    serde_path_to_error::deserialize(layers).map_err(|error| {
        InvalidSettings::value(error.path().to_string(), redact_value(&error.inner().to_string()))
    })
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

#[expect(clippy::disallowed_methods, reason = "the only function that reads the environment")]
pub(super) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
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

/// Removes the value from `invalid type: string "hunter2", expected an integer`: it may be a
/// secret under the wrong key.
fn redact_value(text: &str) -> String {
    match text.rsplit_once("expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            let expected = expected.split(" for key `").next().unwrap_or_default();
            format!("must be {expected}")
        }
        Some(_) | None => text.to_owned(),
    }
}
