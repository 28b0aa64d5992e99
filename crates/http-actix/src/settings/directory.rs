//! Converts `[directory]`.

use std::path::Path;

use secrecy::SecretString;

use super::bounds::positive;
use super::database::database;
use super::error::{Errors, InvalidSettings, SettingsResult};
use super::layers::resolve_path;
use super::model::{Auth0Settings, DirectorySettings, Invite};
use super::raw;
use super::secret::{contents, secret};

/// Converts the section, with `[database]` if it stores the accounts. If there are errors, placeholders stand for the invalid values.
pub(super) fn directory(
    raw: raw::Directory,
    raw_database: raw::Database,
    request_timeout_ms: u64,
    folder: Option<&Path>,
    errors: &mut Errors,
) -> DirectorySettings {
    match raw.adapter.as_str() {
        "auth0" => {
            DirectorySettings::Auth0(Box::new(auth0(raw.auth0, request_timeout_ms, folder, errors)))
        }
        "postgres" => DirectorySettings::Postgres(Box::new(database(raw_database, folder, errors))),
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
            .check(secret(
                "directory.auth0.client_secret",
                "auth0",
                raw.client_secret,
                raw.client_secret_file,
                folder,
            ))
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
