//! `[directory]`, from what stands there to types.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::raw;
use super::read::{Checked, beside, positive};
use super::{Auth0Settings, DirectorySettings, InvalidSettings, Invite};

pub(super) fn directory(
    raw: raw::Directory,
    request_timeout_ms: u64,
    folder: Option<&Path>,
) -> Checked<DirectorySettings> {
    match raw.adapter.as_str() {
        "memory" => {
            let seed = raw.memory.seed.map(|seed| beside(folder, &seed));
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
) -> Checked<Auth0Settings> {
    let required = |key: &str, text: Option<String>| {
        let text = text.filter(|text| !text.is_empty());
        text.ok_or_else(|| InvalidSettings::value(key, "is needed where the adapter is auth0"))
    };
    Ok(Auth0Settings {
        domain: required("directory.auth0.domain", raw.domain)?,
        audience: raw.audience.filter(|audience| !audience.is_empty()),
        client_id: required("directory.auth0.client_id", raw.client_id)?,
        client_secret: secret(raw.client_secret, raw.client_secret_file, folder)?,
        connection: required("directory.auth0.connection", Some(raw.connection))?,
        metadata_prefix: raw.metadata_prefix,
        timeout: positive("directory.auth0.timeout_ms", raw.timeout_ms)?,
        ca: raw
            .ca_file
            .map(|file| contents("directory.auth0.ca_file", &beside(folder, &file)))
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

/// The secret itself, or what the file holds but for the line end that editors put there.
fn secret(
    secret: Option<SecretString>,
    file: Option<String>,
    folder: Option<&Path>,
) -> Checked<SecretString> {
    const KEY: &str = "directory.auth0.client_secret";
    const FILE: &str = "directory.auth0.client_secret_file";
    let (key, secret) = match (secret, file) {
        (Some(_), Some(_)) => {
            let reason = "cannot stand beside directory.auth0.client_secret";
            return Err(InvalidSettings::value(FILE, reason));
        }
        (Some(secret), None) => (KEY, secret),
        (None, Some(file)) => {
            // Its name is not repeated: it may be the secret itself, written in the wrong place.
            let bytes = fs::read(beside(folder, &file)).map_err(|error| {
                InvalidSettings::value(FILE, format!("the file cannot be read: {error}"))
            })?;
            let text = String::from_utf8(bytes)
                .map_err(|_| InvalidSettings::value(FILE, "holds no text"))?;
            (FILE, SecretString::from(text.trim_end_matches(['\r', '\n'])))
        }
        (None, None) => {
            let reason = "is needed where the adapter is auth0, or client_secret_file";
            return Err(InvalidSettings::value(KEY, reason));
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(InvalidSettings::value(key, "is empty"));
    }
    Ok(secret)
}

fn contents(key: &str, path: &Path) -> Checked<Vec<u8>> {
    fs::read(path).map_err(|error| {
        InvalidSettings::value(key, format!("{} cannot be read: {error}", path.display()))
    })
}
