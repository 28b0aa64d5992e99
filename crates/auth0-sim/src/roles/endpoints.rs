//! `/api/v2/roles`.
//!
//! Observed: `POST` and `DELETE` are 200, `description` is `null` right after creation and `""`
//! when read, a 404 has no `errorCode`. Assumed: the text for a duplicate name.

use serde_json::{Map, Value, json};

use super::store::{Role, not_found};
use crate::crypto::random_id;
use crate::http::error::ApiError;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &["name_filter"])?;
    let filter = request.query("name_filter").unwrap_or_default().to_lowercase();
    let roles = &state.roles;
    let items = roles.roles.iter().filter(|(_, role)| role.name.to_lowercase().contains(&filter));
    let items = items.map(|(id, _)| (id.clone(), id)).collect();
    PagedList::new("roles", items).respond(&paging, &mut state.checkpoints, now, |id: &String| {
        roles.role_json(id).unwrap_or_default()
    })
}

pub(crate) fn create(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let mut role = Role { name: String::new(), description: None };
    let body = request.json_object()?;
    if !body.contains_key("name") {
        let message = "Payload validation error: 'Missing required property: name'.";
        return Err(ApiError::invalid_body(message));
    }
    apply_body(&mut role, body)?;
    if state.roles.roles.values().any(|other| other.name == role.name) {
        return Err(ApiError::bare(409, "The role name is already in use."));
    }
    let id = random_id("rol_")?;
    let body = json!({"id": id, "name": role.name, "description": role.description});
    state.roles.roles.insert(id, role);
    Ok(Response::json(200, &body))
}

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    Ok(Response::json(200, &state.roles.role_json(request.param(0)).ok_or_else(not_found)?))
}

pub(crate) fn patch(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    let id = request.param(0);
    let body = request.json_object()?;
    apply_body(state.roles.roles.get_mut(id).ok_or_else(not_found)?, body)?;
    Ok(Response::json(200, &state.roles.role_json(id).unwrap_or_default()))
}

pub(crate) fn delete(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let id = request.param(0);
    state.roles.roles.remove(id).ok_or_else(not_found)?;
    for role_ids in state.roles.by_user.values_mut() {
        role_ids.retain(|assigned| assigned != id);
    }
    state.organizations.remove_role(id);
    Ok(Response::json(200, &json!({})))
}

fn apply_body(role: &mut Role, body: Map<String, Value>) -> Result<(), ApiError> {
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
