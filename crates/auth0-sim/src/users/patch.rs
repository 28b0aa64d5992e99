//! `PATCH /api/v2/users/{id}`. What changes credentials is in [`credentials`](super::credentials).
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

use super::checks::check_metadata;
use super::credentials::Target;
use super::metadata::Metadata;
use super::profile::set_or_remove;
use super::schema;
use super::user::WriteTime;
use crate::clock::iso_timestamp;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{check_body, invalid_body};
use crate::mail::links::send_mail;
use crate::mail::tickets::LinkKind;
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

/// Handles `PATCH /api/v2/users/{id}`.
pub(crate) fn patch_user(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let id = request.param(0);
    state.check_user_id(id)?;
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
    let target = Target::of_request(state, &body, &user.profile)?;
    let profile = Arc::make_mut(&mut user.profile);

    for key in ["given_name", "family_name", "name", "nickname", "picture"] {
        if let Some(value) = body.get(key) {
            set_or_remove(profile, key, value.clone());
        }
    }
    if let Some(blocked) = body.get("blocked") {
        set_or_remove(profile, "blocked", blocked.clone());
    }
    for metadata in Metadata::BOTH {
        if let Some(Value::Object(change)) = body.get(metadata.key()) {
            metadata.merge_into(profile, change);
        }
    }
    target.change_username(state, profile, &body)?;
    target.change_phone(profile, &body)?;
    target.change_email(state, profile, &body)?;
    let identifiers = user.login_identifiers();
    if let Some(password) = body.get("password") {
        target.change_password(&mut user, password, now)?;
    }
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "updated_at", json!(iso_timestamp(now)));

    // Nothing has been stored until here, so an error leaves the user unchanged.
    let response = Response::json(200, &Value::Object(profile.clone()));
    if body.get("verify_email") == Some(&json!(true)) {
        send_mail(state, LinkKind::VerifyEmail, &user, target.index, now)?;
    }
    if body.get("password").is_some() {
        state.attempts.unblock(identifiers.iter().map(String::as_str));
    }
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
