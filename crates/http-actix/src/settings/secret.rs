//! Secrets and certificates, which may be in files of their own.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::error::{InvalidSettings, SettingsResult};
use super::layers::resolve_path;

/// Returns the secret of the key, or the contents of the file of the key with the suffix `_file`
/// without the final line break. The adapter requires one of them.
pub(super) fn secret(
    key: &str,
    adapter: &str,
    secret: Option<SecretString>,
    file: Option<String>,
    folder: Option<&Path>,
) -> SettingsResult<SecretString> {
    let file_key = format!("{key}_file");
    let (key, secret) = match (secret, file) {
        (Some(_), Some(_)) => {
            let reason = format!("must not be set together with {key}");
            return Err(InvalidSettings::value(file_key, reason));
        }
        (Some(secret), None) => (key, secret),
        (None, Some(file)) => {
            // The error does not repeat the path, which may be the secret under the wrong key.
            let bytes = fs::read(resolve_path(folder, &file)).map_err(|error| {
                InvalidSettings::value(&file_key, format!("the file cannot be read: {error}"))
            })?;
            let text = String::from_utf8(bytes).map_err(|_| {
                InvalidSettings::value(&file_key, "the file must contain UTF-8 text")
            })?;
            (file_key.as_str(), SecretString::from(text.trim_end_matches(['\r', '\n'])))
        }
        (None, None) => {
            let name = file_key.rsplit('.').next().unwrap_or_default();
            let reason =
                format!("is required when directory.adapter is {adapter}, unless {name} is set");
            return Err(InvalidSettings::value(key, reason));
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(InvalidSettings::value(key, "must not be empty"));
    }
    Ok(secret)
}

/// Returns the contents of the file that the key names.
pub(super) fn contents(key: &str, path: &Path) -> SettingsResult<Vec<u8>> {
    fs::read(path).map_err(|error| {
        InvalidSettings::value(key, format!("{} cannot be read: {error}", path.display()))
    })
}
