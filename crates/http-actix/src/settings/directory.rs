//! Converts `[directory]`.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::bounds::positive;
use super::error::{InvalidSettings, SettingsResult};
use super::layers::resolve_path;
use super::model::{Auth0Settings, DirectorySettings, Invite};
use super::raw;

pub(super) fn directory(
    raw: raw::Directory,
    request_timeout_ms: u64,
    folder: Option<&Path>,
) -> SettingsResult<DirectorySettings> {
    match raw.adapter.as_str() {
        "memory" => {
            let seed = raw.memory.seed.map(|seed| resolve_path(folder, &seed));
            Ok(DirectorySettings::Memory { seed })
        }
        "auth0" => {
            let auth0 = auth0(raw.auth0, request_timeout_ms, folder)?;
            Ok(DirectorySettings::Auth0(Box::new(auth0)))
        }
        _ => Err(InvalidSettings::value("directory.adapter", "must be memory or auth0")),
    }
}

fn auth0(
    raw: raw::Auth0,
    request_timeout_ms: u64,
    folder: Option<&Path>,
) -> SettingsResult<Auth0Settings> {
    let required = |key: &str, text: Option<String>| {
        let reason = "is required when directory.adapter is auth0";
        let text = text.filter(|text| !text.is_empty());
        text.ok_or_else(|| InvalidSettings::value(key, reason))
    };
    Ok(Auth0Settings {
        domain: required("directory.auth0.domain", raw.domain)?,
        audience: raw.audience.filter(|audience| !audience.is_empty()),
        client_id: required("directory.auth0.client_id", raw.client_id)?,
        client_secret: secret(raw.client_secret, raw.client_secret_file, folder)?,
        connection: required("directory.auth0.connection", Some(raw.connection))?,
        attach_connections: connection_names(raw.attach_connections)?,
        metadata_prefix: raw.metadata_prefix,
        timeout: positive("directory.auth0.timeout_ms", raw.timeout_ms)?,
        ca: raw
            .ca_file
            .map(|file| contents("directory.auth0.ca_file", &resolve_path(folder, &file)))
            .transpose()?,
        invite: match raw.invite.as_str() {
            "none" => Invite::None,
            "reset_email" => Invite::ResetEmail,
            _ => {
                let reason = "must be none or reset_email";
                return Err(InvalidSettings::value("directory.auth0.invite", reason));
            }
        },
        verify_email: raw.verify_email,
        request_timeout: positive("http.request_timeout_ms", request_timeout_ms)?,
    })
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
