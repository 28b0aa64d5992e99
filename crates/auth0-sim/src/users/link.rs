//! `POST /api/v2/users/{id}/identities` and `DELETE …/identities/{provider}/{user_id}`.
//!
//! Documented: the linked user disappears from the lists, its metadata is dropped, its attributes
//! become `profileData`; unlinking makes it a user of its own. Observed: 201 with all identities,
//! where the primary one has `profileData` too; `user_id` with and without the provider. Assumed:
//! the errors, 200 for unlinking, the times of a user that was unlinked, and that the primary
//! identity has no `profileData` in other responses. `link_with` is not supported.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::checks::missing_property;
use super::identities::{self, PRIMARY, identity_key};
use super::profile::{Profile, fill_defaults, set_or_remove};
use super::user::{User, WriteTime};
use crate::clock::iso_timestamp;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Property, Rule, check_body};
use crate::state::State;

/// The attributes of a user that become `profileData`.
const PROFILE_DATA: [&str; 10] = [
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "phone_number",
    "phone_verified",
    "picture",
    "username",
];

const fn property(name: &'static str, description: &'static str) -> Property {
    Property { name, rule: Rule::Text(1, usize::MAX), nullable: false, description }
}

const BODY: &[Property] = &[
    property("provider", "Identity provider of the secondary user account being linked."),
    property("user_id", "user_id of the secondary user account being linked."),
    property("connection_id", "connection_id of the secondary user account being linked."),
];

/// Handles `POST /api/v2/users/{id}/identities`.
pub(crate) fn link_identity(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    state.check_user_id(request.param(0))?;
    let body = request.json_object()?;
    check_body(&body, BODY, "")?;
    let member = |key| body.get(key).and_then(Value::as_str).ok_or_else(|| missing_property(key));
    let (provider, id) = (member("provider")?, member("user_id")?);
    let prefix = format!("{provider}|");
    let id = if id.starts_with(&prefix) { id.to_owned() } else { format!("{prefix}{id}") };
    let mut user = find(state, request.param(0))?;
    let mut linked = find(state, &id)?;
    if user.id() == linked.id() {
        return Err(ApiError::bare(400, "Main account and specified identity are the same"));
    }
    let profile = Arc::make_mut(&mut user.profile);
    let all = profile.entry("identities").or_insert_with(|| json!([]));
    for index in PRIMARY..identities::identities(&linked.profile).len() {
        let identity = with_profile_data(&linked.profile, index);
        if let Some(all) = all.as_array_mut() {
            all.push(identity);
        }
    }
    for index in PRIMARY..identities::identities(&linked.profile).len() {
        let key = identity_key(&linked.profile, index);
        let passwords = linked.take_passwords(&key);
        user.put_passwords(key, passwords);
    }
    let time = write_time(state, now);
    state.remove_assignments(&id, now);
    state.users.delete(&id, time);
    store(state, user.clone(), now);
    let mut identities = identities::identities(&user.profile).to_vec();
    if let Some(primary) = identities.first_mut() {
        *primary = with_profile_data(&user.profile, PRIMARY);
    }
    Ok(Response::json(201, &Value::Array(identities)))
}

/// Handles `DELETE /api/v2/users/{id}/identities/{provider}/{user_id}`.
pub(crate) fn unlink_identity(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    state.check_user_id(request.param(0))?;
    let mut user = find(state, request.param(0))?;
    let (provider, id) = (request.param(1), request.param(2));
    let index = identities::find_by_id(&user.profile, provider, id)
        .ok_or_else(|| ApiError::bare(404, "The user does not have the identity."))?;
    if index == PRIMARY {
        return Err(ApiError::bare(400, "The primary identity cannot be unlinked."));
    }
    let mut profile = identities::attributes(&user.profile, index).cloned().unwrap_or_default();
    let all = Arc::make_mut(&mut user.profile).get_mut("identities").and_then(Value::as_array_mut);
    let Some(mut identity) = all.map(|all| all.remove(index)) else {
        return Err(ApiError::inexistent_user());
    };
    if let Some(members) = identity.as_object_mut() {
        members.remove("profileData");
    }
    let key = format!("{provider}|{id}");
    set_or_remove(&mut profile, "user_id", json!(key));
    set_or_remove(&mut profile, "identities", json!([identity]));
    set_or_remove(&mut profile, "created_at", json!(iso_timestamp(now)));
    fill_defaults(&mut profile);
    let mut unlinked = User::new(profile, None);
    unlinked.put_passwords(key.clone(), user.take_passwords(&key));
    let remaining = identities::identities(&user.profile).to_vec();
    store(state, user, now);
    store(state, unlinked, now);
    Ok(Response::json(200, &Value::Array(remaining)))
}

fn find(state: &State, id: &str) -> Result<User, ApiError> {
    state.users.get(id).cloned().ok_or_else(ApiError::inexistent_user)
}

/// Returns the identity with this index, with its attributes as `profileData`.
fn with_profile_data(profile: &Profile, index: usize) -> Value {
    let attributes = identities::attributes(profile, index);
    let data: Map<String, Value> = PROFILE_DATA
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), attributes?.get(key)?.clone())))
        .collect();
    let mut identity = identities::identities(profile).get(index).cloned().unwrap_or_default();
    if let Some(members) = identity.as_object_mut() {
        members.insert("profileData".to_owned(), Value::Object(data));
    }
    identity
}

fn write_time(state: &State, now: i64) -> WriteTime {
    WriteTime { now, lag: state.switches.search_lag_millis }
}

fn store(state: &mut State, mut user: User, now: i64) {
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "updated_at", json!(iso_timestamp(now)));
    let time = write_time(state, now);
    state.users.store(user, time);
}
