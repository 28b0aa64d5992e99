//! `PATCH /api/v2/users/{id}`.
//!
//! Documented: what can be set, what null unsets, that a new password lifts both kinds of blocks.
//! Observed: the pairs that cannot be changed together, 400 for an e-mail address or a username in
//! use, "None of the valid schemas were met" for an empty body, the errors for read-only fields (on
//! an older API), for usernames of users without one, and for attributes that a social provider
//! owns. Contradictory or unknown, hence switches: the pairs with e-mail, and the effect on
//! `email_verified`. Assumed: a password lifts the block even if the same body sets it; the
//! `errorCode`s of pairs and usernames.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::checks::{
    check_metadata, check_password, check_username, missing_property, unknown_connection,
    username_taken,
};
use super::metadata::Metadata;
use super::passwords;
use super::profile::{DATABASE, Profile, has_identity_in, primary_connection, set_or_remove, text};
use super::schema::{self, NEW_PASSWORD};
use super::user::{User, WriteTime};
use crate::clock::iso_timestamp;
use crate::config::{Connection, Usernames};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{check_body, check_user_id, invalid_body};
use crate::state::State;

/// The hint in the error about an unknown member. Observed.
const HINT: &str = " (consider storing them in app_metadata or user_metadata. See \"Users Metadata\" in https://auth0.com/docs/api/v2/changes for more details)";

/// Pairs that cannot be changed together. The last two apply in strict mode only.
const EXCLUSIVE_PAIRS: [(&str, &str); 5] = [
    ("username", "password"),
    ("username", "email_verified"),
    ("password", "email_verified"),
    ("password", "email"),
    ("username", "email"),
];
const ALWAYS_EXCLUSIVE: usize = 3;

/// Attributes that a provider other than a database owns.
const PROVIDER_OWNED: [&str; 10] = [
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "password",
    "phone_number",
    "picture",
    "username",
];

/// Handles `PATCH /api/v2/users/{id}`.
pub(crate) fn patch_user(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let id = request.param(0);
    check_user_id(id)?;
    let body = request.json_object()?;
    if !request.has_scope("update:users") && body.keys().any(|key| key != "app_metadata") {
        return Err(ApiError::insufficient_scope(&["update:users", "update:users_app_metadata"]));
    }
    check_body(&body, schema::PATCH, HINT)?;
    if body.is_empty() {
        return Err(invalid_body("None of the valid schemas were met"));
    }
    check_metadata(&body)?;
    check_pairs(&body, state.switches.strict_patch_pairs)?;
    let mut user = state.users.get(id).cloned().ok_or_else(ApiError::inexistent_user)?;
    let connection = target_connection(state, &body, &user.profile)?;
    let profile = Arc::make_mut(&mut user.profile);

    for key in ["given_name", "family_name", "name", "nickname", "picture", "phone_number"] {
        if let Some(value) = body.get(key) {
            set_or_remove(profile, key, value.clone());
        }
    }
    for key in ["blocked", "phone_verified"] {
        if let Some(value) = body.get(key) {
            set_or_remove(profile, key, value.clone());
        }
    }
    for metadata in Metadata::BOTH {
        if let Some(Value::Object(change)) = body.get(metadata.key()) {
            metadata.merge_into(profile, change);
        }
    }
    if let Some(username) = body.get("username") {
        change_username(state, profile, username, connection.as_ref())?;
    }
    change_email(state, profile, &body)?;
    let identifiers = user.login_identifiers();
    if let Some(password) = body.get("password") {
        change_password(&mut user, password, connection.as_ref(), now)?;
    }
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "updated_at", json!(iso_timestamp(now)));

    // Nothing has been stored until here, so an error leaves the user unchanged.
    if let Some(email) = text(profile, "email")
        && body.get("verify_email") == Some(&json!(true))
    {
        state.outbox.send("verify_email", email, id, now);
    }
    if body.get("password").is_some() {
        state.attempts.unblock(identifiers.iter().map(String::as_str));
    }
    let response = Response::json(200, &Value::Object(profile.clone()));
    state.users.store(user, WriteTime { now, lag: state.switches.search_lag_millis });
    Ok(response)
}

fn check_pairs(body: &Map<String, Value>, strict: bool) -> Result<(), ApiError> {
    let pairs =
        EXCLUSIVE_PAIRS.iter().take(if strict { EXCLUSIVE_PAIRS.len() } else { ALWAYS_EXCLUSIVE });
    match pairs.into_iter().find(|(a, b)| body.contains_key(*a) && body.contains_key(*b)) {
        None => Ok(()),
        Some((a, b)) => Err(ApiError::new(
            400,
            format!("Cannot update {a} and {b} simultaneously"),
            "operation_not_supported",
        )),
    }
}

/// Returns the database connection that the change applies to, if the user has one. Rejects changes
/// of attributes that another provider owns.
fn target_connection(
    state: &State,
    body: &Map<String, Value>,
    profile: &Profile,
) -> Result<Option<Connection>, ApiError> {
    let (primary, provider) = primary_connection(profile);
    let requested = body.get("connection").and_then(Value::as_str);
    if let Some(name) = requested
        && !has_identity_in(profile, name)
    {
        return Err(match state.connection(name) {
            None => unknown_connection(),
            Some(_) => ApiError::new(
                400,
                "The user does not belong to the connection.",
                "operation_not_supported",
            ),
        });
    }
    let connection = state.connection(requested.unwrap_or(primary)).cloned();
    if provider != DATABASE && connection.is_none() {
        let owned: Vec<&str> =
            PROVIDER_OWNED.into_iter().filter(|key| body.contains_key(*key)).collect();
        if !owned.is_empty() {
            let owned = owned.join(", ");
            return Err(ApiError::new(
                400,
                format!(
                    "The following user attributes cannot be updated: {owned}. The connection ({primary}) must either be a database connection (using the Auth0 store), a passwordless connection (email or sms) or has disabled 'Sync user profile attributes at each login'. For more information, see https://auth0.com/docs/dashboard/guides/connections/configure-connection-sync"
                ),
                "operation_not_supported",
            ));
        }
    }
    Ok(connection)
}

fn change_username(
    state: &State,
    profile: &mut Profile,
    username: &Value,
    connection: Option<&Connection>,
) -> Result<(), ApiError> {
    let Some(connection) = connection else { return Err(unknown_connection()) };
    let Some(username) = username.as_str() else {
        if connection.usernames == Usernames::Required {
            return Err(missing_property("username"));
        }
        profile.remove("username");
        return Ok(());
    };
    let username = check_username(username, connection)?;
    if !profile.contains_key("username") && !state.switches.username_for_users_without_one {
        return Err(ApiError::bare(
            400,
            "Cannot update username for users without an username already set.",
        ));
    }
    let id = text(profile, "user_id").unwrap_or("");
    if state.users.is_username_taken(&connection.name, &username, id) {
        return Err(username_taken());
    }
    set_or_remove(profile, "username", json!(username));
    Ok(())
}

/// Changes `email` and `email_verified`, each of which may be absent from the body.
fn change_email(
    state: &State,
    profile: &mut Profile,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let verified = body.get("email_verified");
    match body.get("email") {
        Some(Value::String(email)) => {
            let email = email.to_lowercase();
            let id = text(profile, "user_id").unwrap_or("");
            let (connection, _) = primary_connection(profile);
            if state.users.is_email_taken(connection, &email, id) {
                return Err(ApiError::new(
                    400,
                    "The specified new email already exists",
                    "auth0_idp_error",
                ));
            }
            let other = text(profile, "email") != Some(&email);
            set_or_remove(profile, "email", json!(email));
            if other && state.switches.email_change_unverifies
                || !profile.contains_key("email_verified")
            {
                set_or_remove(profile, "email_verified", json!(false));
            }
        }
        Some(_) => {
            // A user needs at least one identifier (assumed).
            if !profile.contains_key("username") && !profile.contains_key("phone_number") {
                return Err(missing_property("email"));
            }
            profile.remove("email");
            profile.remove("email_verified");
        }
        None => {}
    }
    if let Some(verified) = verified {
        set_or_remove(profile, "email_verified", verified.clone());
    }
    Ok(())
}

fn change_password(
    user: &mut User,
    password: &Value,
    connection: Option<&Connection>,
    now: i64,
) -> Result<(), ApiError> {
    let Some(connection) = connection else { return Err(unknown_connection()) };
    if let Some(password) = password.as_str() {
        check_password(password, &NEW_PASSWORD)?;
        passwords::check_policy(password, connection, &user.profile, &user.passwords)?;
    }
    user.passwords.replace(password.as_str());
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "last_password_reset", json!(iso_timestamp(now)));
    if profile.contains_key("blocked") {
        set_or_remove(profile, "blocked", json!(false));
    }
    Ok(())
}
