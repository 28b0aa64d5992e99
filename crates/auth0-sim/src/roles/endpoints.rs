//! `/api/v2/roles`.
//!
//! Observed: `POST` and `DELETE` answer 200, `description` is `null` right after creation and `""`
//! when read, a 404 has no `errorCode`. Assumed: the text of a name that is taken.

use serde_json::{Map, Value, json};

use super::store::{Role, missing};
use crate::crypto::random_id;
use crate::http::error::ApiError;
use crate::http::paging::{Listed, Paging};
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::state::State;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let paging = Paging::read(request, state.switches.max_per_page, &["name_filter"])?;
    let filter = request.query("name_filter").unwrap_or_default().to_lowercase();
    let roles = &state.roles;
    let items = roles.roles.iter().filter(|(_, role)| role.name.to_lowercase().contains(&filter));
    let items = items.map(|(id, _)| (id.clone(), id)).collect();
    Listed::new("roles", items)
        .answer(&paging, &mut state.cursors, now, |id: &String| roles.shown(id).unwrap_or_default())
}

pub(crate) fn create(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let mut role = Role { name: String::new(), description: None };
    let body = request.json_object()?;
    if !body.contains_key("name") {
        let message = "Payload validation error: 'Missing required property: name'.";
        return Err(ApiError::invalid_body(message));
    }
    change(&mut role, body)?;
    if state.roles.roles.values().any(|other| other.name == role.name) {
        return Err(ApiError::bare(409, "The role name is already in use."));
    }
    let id = random_id("rol_")?;
    let body = json!({"id": id, "name": role.name, "description": role.description});
    state.roles.roles.insert(id, role);
    Ok(Answer::json(200, &body))
}

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    Ok(Answer::json(200, &state.roles.shown(request.param(0)).ok_or_else(missing)?))
}

pub(crate) fn patch(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    let body = request.json_object()?;
    change(state.roles.roles.get_mut(id).ok_or_else(missing)?, body)?;
    Ok(Answer::json(200, &state.roles.shown(id).unwrap_or_default()))
}

pub(crate) fn delete(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    state.roles.roles.remove(id).ok_or_else(missing)?;
    for held in state.roles.held.values_mut() {
        held.retain(|held| held != id);
    }
    state.organizations.forget_role(id);
    Ok(Answer::json(200, &json!({})))
}

fn change(role: &mut Role, body: Map<String, Value>) -> Result<(), ApiError> {
    for (member, value) in body {
        match (member.as_str(), value) {
            ("name", Value::String(name)) if !name.is_empty() => role.name = name,
            ("description", Value::String(text)) => role.description = Some(text),
            ("name" | "description", _) => {
                let message = format!(
                    "Payload validation error: 'Expected type string' on property {member}."
                );
                return Err(ApiError::invalid_body(message));
            }
            _ => {
                let message = format!(
                    "Payload validation error: 'Additional properties not allowed: {member}'."
                );
                return Err(ApiError::invalid_body(message));
            }
        }
    }
    Ok(())
}
