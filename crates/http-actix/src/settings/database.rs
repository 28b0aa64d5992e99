//! Converts `[database]`.

use std::path::Path;

use secrecy::SecretString;

use super::bounds::{at_most_an_hour, in_range};
use super::error::Errors;
use super::layers::resolve_path;
use super::model::DatabaseSettings;
use super::raw;
use super::secret::{contents, secret};

/// Converts the section. If there are errors, placeholders stand for the invalid values.
pub(super) fn database(
    raw: raw::Database,
    folder: Option<&Path>,
    errors: &mut Errors,
) -> DatabaseSettings {
    let url = secret("database.url", "postgres", raw.url, raw.url_file, folder);
    let ca = raw
        .ca_file
        .map(|file| contents("database.ca_file", &resolve_path(folder, &file)))
        .and_then(|contents| errors.check(contents));
    let mut timeout = |key, millis| errors.check_or_default(at_most_an_hour(key, millis));
    DatabaseSettings {
        ca,
        statement_timeout: timeout("database.statement_timeout_ms", raw.statement_timeout_ms),
        connect_timeout: timeout("database.connect_timeout_ms", raw.connect_timeout_ms),
        max_connections: errors.check_or_default(in_range(
            "database.max_connections",
            raw.max_connections,
            1000,
        )),
        url: errors.check(url).unwrap_or_else(|| SecretString::from("")),
        migrate: raw.migrate,
    }
}
