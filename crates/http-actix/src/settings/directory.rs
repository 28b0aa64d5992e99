//! Converts `[directory]`.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::bounds::positive;
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::layers::resolve_path;
use super::model::{Auth0Settings, DirectorySettings, Invite};
use super::raw;

/// Converts the section. If there are errors, placeholders stand for the invalid values.
pub(super) fn directory(
    raw: raw::Directory,
    request_timeout_ms: u64,
    folder: Option<&Path>,
    errors: &mut Errors,
) -> DirectorySettings {
    match raw.adapter.as_str() {
        "auth0" => {
            DirectorySettings::Auth0(Box::new(auth0(raw.auth0, request_timeout_ms, folder, errors)))
        }
        _ => DirectorySettings::Memory {
            seed: raw.memory.seed.map(|seed| resolve_path(folder, &seed)),
        },
    }
}

fn auth0(
    raw: raw::Auth0,
    request_timeout_ms: u64,
    folder: Option<&Path>,
    errors: &mut Errors,
) -> Auth0Settings {
    let mut required = |key: &str, text: Option<String>| {
        let reason = "is required when directory.adapter is auth0";
        let text = text.filter(|text| !text.is_empty());
        errors.check_or_default(text.ok_or_else(|| InvalidSettings::value(key, reason)))
    };
    Auth0Settings {
        domain: required("directory.auth0.domain", raw.domain),
        client_id: required("directory.auth0.client_id", raw.client_id),
        connection: required("directory.auth0.connection", Some(raw.connection)),
        audience: raw.audience.filter(|audience| !audience.is_empty()),
        client_secret: errors
            .check(secret(raw.client_secret, raw.client_secret_file, folder))
            .unwrap_or_else(|| SecretString::from("")),
        attach_connections: errors.check_or_default(connection_names(raw.attach_connections)),
        metadata_prefix: raw.metadata_prefix,
        timeout: errors.check_or_default(positive("directory.auth0.timeout_ms", raw.timeout_ms)),
        ca: raw
            .ca_file
            .map(|file| contents("directory.auth0.ca_file", &resolve_path(folder, &file)))
            .and_then(|contents| errors.check(contents)),
        invite: match raw.invite.as_str() {
            "reset_email" => Invite::ResetEmail,
            _ => Invite::None,
        },
        verify_email: raw.verify_email,
        request_timeout: errors
            .check_or_default(positive("http.request_timeout_ms", request_timeout_ms)),
    }
}

/// Returns the names of connections, none of which may be empty.
fn connection_names(mut names: Vec<String>) -> SettingsResult<Vec<String>> {
    // An empty variable is a list of one empty text.
    if names.len() == 1 {
        names.retain(|name| !name.is_empty());
    }
    if let Some(index) = names.iter().position(String::is_empty) {
        let key = format!("directory.auth0.attach_connections[{index}]");
        return Err(InvalidSettings::value(key, "must not be empty"));
    }
    Ok(names)
}

/// Returns the secret, or the contents of the file without the final line break.
fn secret(
    secret: Option<SecretString>,
    file: Option<String>,
    folder: Option<&Path>,
) -> SettingsResult<SecretString> {
    const KEY: &str = "directory.auth0.client_secret";
    const FILE: &str = "directory.auth0.client_secret_file";
    let (key, secret) = match (secret, file) {
        (Some(_), Some(_)) => {
            let reason = "must not be set together with directory.auth0.client_secret";
            return Err(InvalidSettings::value(FILE, reason));
        }
        (Some(secret), None) => (KEY, secret),
        (None, Some(file)) => {
            // The error does not repeat the path, which may be the secret under the wrong key.
            let bytes = fs::read(resolve_path(folder, &file)).map_err(|error| {
                InvalidSettings::value(FILE, format!("the file cannot be read: {error}"))
            })?;
            let text = String::from_utf8(bytes)
                .map_err(|_| InvalidSettings::value(FILE, "the file must contain UTF-8 text"))?;
            (FILE, SecretString::from(text.trim_end_matches(['\r', '\n'])))
        }
        (None, None) => {
            let reason = "is required when directory.adapter is auth0, unless client_secret_file \
                          is set";
            return Err(InvalidSettings::value(KEY, reason));
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(InvalidSettings::value(key, "must not be empty"));
    }
    Ok(secret)
}

fn contents(key: &str, path: &Path) -> SettingsResult<Vec<u8>> {
    fs::read(path).map_err(|error| {
        InvalidSettings::value(key, format!("{} cannot be read: {error}", path.display()))
    })
}
