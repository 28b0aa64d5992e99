//! `POST /api/v2/users`.
//!
//! Documented: the closed body, the connection, `user_id` as a suffix, when a verification mail is
//! sent. Observed: 409 for an e-mail address or an id in use, 400 for a username, the texts.
//! Assumed: the order of the checks, the texts about a
//! missing identifier, and the error for a connection of another provider.

use serde_json::{Map, Value, json};

use super::checks::{
    check_metadata, check_password, check_username, missing_property, unknown_connection,
    username_taken,
};
use super::identities::{PRIMARY, new_identity};
use super::metadata::Metadata;
use super::passwords::{self, Passwords};
use super::profile::{self, DATABASE, Profile, fill_defaults, set_or_remove};
use super::schema::{self, PASSWORD};
use super::user::{User, WriteTime};
use crate::clock::iso_timestamp;
use crate::config::{Connection, Usernames};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::check_body;
use crate::mail::links::send_mail;
use crate::mail::tickets::LinkKind;
use crate::state::State;

/// The members of the body that are copied into the profile.
const COPIED: [&str; 9] = [
    "blocked",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "phone_verified",
    "picture",
    "email_verified",
];

/// Handles `POST /api/v2/users`.
pub(crate) fn create_user(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let body = request.json_object()?;
    check_body(&body, schema::CREATE, "")?;
    let Some(connection) = body.get("connection").and_then(Value::as_str) else {
        return Err(missing_property("connection"));
    };
    let connection = state.connection(connection).ok_or_else(unknown_connection)?;
    if !connection.is_database() {
        return Err(ApiError::new(
            400,
            "Users cannot be created in this type of connection.",
            "operation_not_supported",
        ));
    }
    let profile = new_profile(&body, connection, state.users.created_count, now)?;
    let Some(password) = body.get("password").and_then(Value::as_str) else {
        return Err(missing_property("password"));
    };
    check_password(password, &PASSWORD)?;
    passwords::check_policy(password, connection, &profile, &Passwords::default())?;
    check_not_taken(state, &connection.name, &profile)?;

    let wants_mail = body.get("verify_email").and_then(Value::as_bool);
    let verified = profile.get("email_verified") == Some(&json!(true));
    let response = Response::json(201, &Value::Object(profile.clone()));
    let user = User::new(profile, Some(password));
    if wants_mail.unwrap_or(!verified) {
        send_mail(state, LinkKind::VerifyEmail, &user, PRIMARY, now)?;
    }
    state.users.store(user, WriteTime { now, lag: state.switches.search_lag_millis });
    Ok(response)
}

/// Builds the profile of a new user from the body.
fn new_profile(
    body: &Map<String, Value>,
    connection: &Connection,
    number: u64,
    now: i64,
) -> Result<Profile, ApiError> {
    check_metadata(body)?;
    let mut profile = Profile::new();
    let username = body.get("username").and_then(Value::as_str);
    match (username, connection.usernames) {
        (Some(username), _) => {
            set_or_remove(&mut profile, "username", json!(check_username(username, connection)?));
        }
        (None, Usernames::Required) => return Err(missing_property("username")),
        (None, Usernames::None | Usernames::Optional) => {}
    }
    match body.get("email").and_then(Value::as_str) {
        Some(email) => {
            set_or_remove(&mut profile, "email", json!(email.to_lowercase()));
            set_or_remove(&mut profile, "email_verified", json!(false));
        }
        None if username.is_none() => return Err(missing_property("email")),
        None => {}
    }
    for key in COPIED {
        if let Some(value) = body.get(key) {
            set_or_remove(&mut profile, key, value.clone());
        }
    }
    for metadata in Metadata::BOTH {
        if let Some(Value::Object(members)) = body.get(metadata.key()) {
            metadata.merge_into(&mut profile, members);
        }
    }
    let given_id = body.get("user_id").and_then(Value::as_str);
    let suffix = given_id.map_or_else(|| profile::random_user_id(number), str::to_owned);
    set_or_remove(&mut profile, "user_id", json!(format!("{DATABASE}|{suffix}")));
    let identity = new_identity(&connection.name, DATABASE, &suffix);
    set_or_remove(&mut profile, "identities", json!([identity]));
    set_or_remove(&mut profile, "created_at", json!(iso_timestamp(now)));
    set_or_remove(&mut profile, "updated_at", json!(iso_timestamp(now)));
    fill_defaults(&mut profile);
    Ok(profile)
}

/// Rejects an id, e-mail address or username in use.
fn check_not_taken(state: &State, connection: &str, profile: &Profile) -> Result<(), ApiError> {
    let email = profile::text(profile, "email");
    let id = profile::text(profile, "user_id").unwrap_or("");
    if state.users.get(id).is_some()
        || email.is_some_and(|email| state.users.is_email_taken(connection, email, ""))
    {
        return Err(ApiError::new(409, "The user already exists.", "auth0_idp_error"));
    }
    if profile::text(profile, "username")
        .is_some_and(|username| state.users.is_username_taken(connection, username, ""))
    {
        return Err(username_taken());
    }
    Ok(())
}
