//! Checks shared by the creation and the change of a user.

use serde_json::{Map, Value};

use super::metadata::Metadata;
use super::passwords::MAX_BYTES;
use super::profile::is_username;
use super::schema::{APP_METADATA, USER_METADATA, USERNAME};
use crate::config::{Connection, Usernames};
use crate::http::error::ApiError;
use crate::http::validation::{Property, invalid_body, invalid_property};

/// Returns 400 for a missing property.
pub(crate) fn missing_property(name: &str) -> ApiError {
    invalid_body(&format!("Missing required property: {name}"))
}

/// Returns 400 for an unknown connection in a body.
pub(super) fn unknown_connection() -> ApiError {
    ApiError::new(400, "The connection does not exist.", "inexistent_connection")
}

/// Rejects a password that is too long to be hashed.
pub(super) fn check_password(password: &str, property: &Property) -> Result<(), ApiError> {
    let length = password.len();
    if length > MAX_BYTES {
        let what = format!("String is too long ({length} chars), maximum {MAX_BYTES}");
        return Err(invalid_property(&what, property));
    }
    Ok(())
}

/// Rejects a username that the connection does not accept. Returns it in its stored form.
pub(super) fn check_username(username: &str, connection: &Connection) -> Result<String, ApiError> {
    if connection.usernames == Usernames::None {
        return Err(ApiError::bare(
            400,
            "Cannot set username for connection without requires_username",
        ));
    }
    if !is_username(username) {
        let what = "Username can only contain alphanumeric characters or one of: @ ^ $ . ! ` - # + ' ~ _, and no email address";
        return Err(invalid_property(what, &USERNAME));
    }
    Ok(username.to_lowercase())
}

/// Returns 400 for a username in use.
pub(super) fn username_taken() -> ApiError {
    ApiError::new(400, "The username provided is in use already.", "auth0_idp_error")
}

/// Rejects metadata with invalid or reserved names.
pub(super) fn check_metadata(body: &Map<String, Value>) -> Result<(), ApiError> {
    for (metadata, property) in [(Metadata::App, &APP_METADATA), (Metadata::User, &USER_METADATA)] {
        if let Some(Value::Object(members)) = body.get(metadata.key()) {
            metadata.check_names(members).map_err(|what| invalid_property(&what, property))?;
        }
    }
    Ok(())
}
