//! `POST /api/v2/users`.
//!
//! Documented: the closed body, the connection, `user_id` as a suffix, when a verification mail
//! goes out. Observed: 409 for an e-mail address or an id that is taken, 400 for a username, the
//! texts. Assumed: the order of the checks, and the texts about a missing identifier.

use serde_json::{Map, Value, json};

use super::checks::{
    check_metadata, check_password, check_username, missing, unknown_connection, username_taken,
};
use super::metadata::Metadata;
use super::passwords::{self, Passwords};
use super::profile::{self, DATABASE, Profile, fill_in, put};
use super::schema::{self, PASSWORD};
use super::user::{Moment, Person};
use crate::clock::iso;
use crate::config::{Connection, Usernames};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::http::validation::check_body;
use crate::state::State;

/// The members of a body that go into the profile as they are.
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

/// Creates a user.
pub(crate) fn create(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let body = request.json_object()?;
    check_body(&body, schema::CREATE, "")?;
    let Some(connection) = body.get("connection").and_then(Value::as_str) else {
        return Err(missing("connection"));
    };
    let connection = state.connection(connection).ok_or_else(unknown_connection)?;
    let profile = new_profile(&body, connection, state.users.created, now)?;
    let Some(password) = body.get("password").and_then(Value::as_str) else {
        return Err(missing("password"));
    };
    check_password(password, &PASSWORD)?;
    passwords::check(password, connection, &profile, &Passwords::default())?;
    vacant(state, &connection.name, &profile)?;

    let mails = body.get("verify_email").and_then(Value::as_bool);
    let verified = profile.get("email_verified") == Some(&json!(true));
    if let Some(email) = profile::text(&profile, "email")
        && mails.unwrap_or(!verified)
    {
        let id = profile::text(&profile, "user_id").unwrap_or("");
        state.mails.send("verify_email", email, id, now);
    }
    let answer = Answer::json(201, &Value::Object(profile.clone()));
    let moment = Moment { now, lag: state.switches.search_lag_millis };
    state.users.store(Person::new(profile, Some(password)), moment);
    Ok(answer)
}

/// The profile that a body asks for.
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
            put(&mut profile, "username", json!(check_username(username, connection)?));
        }
        (None, Usernames::Required) => return Err(missing("username")),
        (None, Usernames::None | Usernames::Optional) => {}
    }
    match body.get("email").and_then(Value::as_str) {
        Some(email) => {
            put(&mut profile, "email", json!(email.to_lowercase()));
            put(&mut profile, "email_verified", json!(false));
        }
        None if username.is_none() => return Err(missing("email")),
        None => {}
    }
    for key in COPIED {
        if let Some(value) = body.get(key) {
            put(&mut profile, key, value.clone());
        }
    }
    for metadata in Metadata::BOTH {
        if let Some(Value::Object(members)) = body.get(metadata.key()) {
            metadata.apply(&mut profile, members);
        }
    }
    let given = body.get("user_id").and_then(Value::as_str);
    let suffix = given.map_or_else(|| profile::new_id(number), str::to_owned);
    put(&mut profile, "user_id", json!(format!("{DATABASE}|{suffix}")));
    let identity = profile::identity(&connection.name, DATABASE, &suffix);
    put(&mut profile, "identities", json!([identity]));
    put(&mut profile, "created_at", json!(iso(now)));
    put(&mut profile, "updated_at", json!(iso(now)));
    fill_in(&mut profile);
    Ok(profile)
}

/// Refuses what is taken.
fn vacant(state: &State, connection: &str, profile: &Profile) -> Result<(), ApiError> {
    let email = profile::text(profile, "email");
    let id = profile::text(profile, "user_id").unwrap_or("");
    if state.users.get(id).is_some()
        || email.is_some_and(|email| state.users.has_email(connection, email, ""))
    {
        return Err(ApiError::new(409, "The user already exists.", "auth0_idp_error"));
    }
    if profile::text(profile, "username")
        .is_some_and(|username| state.users.has_username(connection, username, ""))
    {
        return Err(username_taken());
    }
    Ok(())
}
