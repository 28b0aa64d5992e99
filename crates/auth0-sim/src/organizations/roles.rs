//! Roles of the tenant, and who holds them.
//!
//! Observed: `POST` and `DELETE` answer 200, `description` is `null` right after creation and `""`
//! when read, a 404 has no `errorCode`, assigning a role to users answers 200 with `{}`.
//! Assumed: the text of a name that is taken.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ids, random_id};
use crate::http::{Answer, ApiError, Request};
use crate::paging::{Listed, Paging};
use crate::state::State;

/// Roles that one user can hold.
const MOST_ROLES: usize = 50;

struct Role {
    name: String,
    description: Option<String>,
}

/// Every role, and by user who holds which.
#[derive(Default)]
pub(crate) struct Roles {
    roles: BTreeMap<String, Role>,
    held: BTreeMap<String, Vec<String>>,
}

impl Roles {
    pub(super) fn shown(&self, id: &str) -> Option<Value> {
        let role = self.roles.get(id)?;
        let description = role.description.as_deref().unwrap_or_default();
        Some(json!({"id": id, "name": role.name, "description": description}))
    }

    /// As a list of members shows roles: id and name.
    pub(super) fn shown_briefly(&self, ids: Option<&Vec<String>>) -> Value {
        let brief = |id: &String| Some(json!({"id": id, "name": self.roles.get(id)?.name}));
        ids.into_iter().flatten().filter_map(brief).collect()
    }

    pub(super) fn all_exist(&self, ids: &[String]) -> Result<(), ApiError> {
        if ids.iter().all(|id| self.roles.contains_key(id)) { Ok(()) } else { Err(missing()) }
    }

    /// The user is gone.
    pub(crate) fn forget(&mut self, user_id: &str) {
        self.held.remove(user_id);
    }

    fn assign(&mut self, user_id: &str, roles: &[String]) -> Result<(), ApiError> {
        let held = self.held.entry(user_id.to_owned()).or_default();
        let mut wanted = held.clone();
        wanted.extend_from_slice(roles);
        wanted.sort();
        wanted.dedup();
        if wanted.len() > MOST_ROLES {
            let message = "Maximum number of roles for the user has been reached.";
            return Err(ApiError::bare(409, message));
        }
        *held = wanted;
        Ok(())
    }
}

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
    for organization in state.organizations.0.values_mut() {
        for held in organization.roles.values_mut() {
            held.retain(|held| held != id);
        }
    }
    Ok(Answer::json(200, &json!({})))
}

/// `GET /api/v2/roles/{id}/users`.
pub(crate) fn holders(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let paging = Paging::read(request, state.switches.max_per_page, &[])?;
    let role = request.param(0);
    state.roles.shown(role).ok_or_else(missing)?;
    let users = &state.users;
    let items = state.roles.held.iter().filter(|(_, held)| held.iter().any(|id| id == role));
    let items: Vec<(String, Value)> =
        items.filter_map(|(user_id, _)| Some((user_id.clone(), users.show(user_id)?))).collect();
    let view = |user: Value| {
        let members = ["user_id", "email", "name", "picture"].into_iter();
        members
            .filter_map(|name| Some((name.to_owned(), user.get(name)?.clone())))
            .collect::<Map<String, Value>>()
            .into()
    };
    Listed::new("users", items).answer(&paging, &mut state.cursors, now, view)
}

/// `POST /api/v2/roles/{id}/users`.
pub(crate) fn assign_to_users(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let users = ids(request, "users")?;
    let role = [request.param(0).to_owned()];
    state.roles.all_exist(&role)?;
    if users.iter().any(|id| state.users.show(id).is_none()) {
        return Err(ApiError::inexistent_user());
    }
    for user_id in users {
        state.roles.assign(&user_id, &role)?;
    }
    Ok(Answer::json(200, &json!({})))
}

/// `GET /api/v2/users/{id}/roles`.
pub(crate) fn of_user(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let paging = Paging::read(request, state.switches.max_per_page, &[])?;
    let user_id = request.param(0);
    if state.users.show(user_id).is_none() {
        return Err(ApiError::inexistent_user());
    }
    let roles = &state.roles;
    let held = roles.held.get(user_id).into_iter().flatten();
    let items = held.map(|id| (id.clone(), id)).collect();
    Listed::new("roles", items)
        .answer(&paging, &mut state.cursors, now, |id: &String| roles.shown(id).unwrap_or_default())
}

/// `POST /api/v2/users/{id}/roles`.
pub(crate) fn assign_to_user(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let roles = ids(request, "roles")?;
    let user_id = request.param(0);
    if state.users.show(user_id).is_none() {
        return Err(ApiError::inexistent_user());
    }
    state.roles.all_exist(&roles)?;
    state.roles.assign(user_id, &roles)?;
    Ok(Answer::no_content())
}

/// `DELETE /api/v2/users/{id}/roles`.
pub(crate) fn take_from_user(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let roles = ids(request, "roles")?;
    if let Some(held) = state.roles.held.get_mut(request.param(0)) {
        held.retain(|id| !roles.contains(id));
    }
    Ok(Answer::no_content())
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

/// Without an `errorCode` (observed).
fn missing() -> ApiError {
    ApiError::bare(404, "The role does not exist.")
}
