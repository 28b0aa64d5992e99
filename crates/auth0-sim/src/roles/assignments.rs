//! `/api/v2/roles/{id}/users` and `/api/v2/users/{id}/roles`.
//!
//! Observed: assigning a role to users is 200 with `{}`; assigning roles to a user is 204.

use serde_json::{Map, Value, json};

use super::store::not_found;
use crate::http::error::ApiError;
use crate::http::id_list::id_list;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// Handles `GET /api/v2/roles/{id}/users`.
pub(crate) fn list_users(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &[])?;
    let role = request.param(0);
    state.roles.role_json(role).ok_or_else(not_found)?;
    let users = &state.users;
    let items =
        state.roles.by_user.iter().filter(|(_, role_ids)| role_ids.iter().any(|id| id == role));
    let items: Vec<(String, Value)> = items
        .filter_map(|(user_id, _)| Some((user_id.clone(), users.get_json(user_id)?)))
        .collect();
    let view = |user: Value| {
        let members = ["user_id", "email", "name", "picture"].into_iter();
        members
            .filter_map(|name| Some((name.to_owned(), user.get(name)?.clone())))
            .collect::<Map<String, Value>>()
            .into()
    };
    PagedList::new("users", items).respond(&paging, &mut state.checkpoints, now, view)
}

/// Handles `POST /api/v2/roles/{id}/users`.
pub(crate) fn assign_to_users(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let users = id_list(request, "users")?;
    let role = [request.param(0).to_owned()];
    state.roles.check_all_exist(&role)?;
    if users.iter().any(|id| state.users.get_json(id).is_none()) {
        return Err(ApiError::inexistent_user());
    }
    for user_id in users {
        state.roles.assign(&user_id, &role)?;
    }
    Ok(Response::json(200, &json!({})))
}

/// Handles `GET /api/v2/users/{id}/roles`.
pub(crate) fn list_of_user(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &[])?;
    let user_id = request.param(0);
    if state.users.get_json(user_id).is_none() {
        return Err(ApiError::inexistent_user());
    }
    let roles = &state.roles;
    let role_ids = roles.by_user.get(user_id).into_iter().flatten();
    let items = role_ids.map(|id| (id.clone(), id)).collect();
    PagedList::new("roles", items).respond(&paging, &mut state.checkpoints, now, |id: &String| {
        roles.role_json(id).unwrap_or_default()
    })
}

/// Handles `POST /api/v2/users/{id}/roles`.
pub(crate) fn assign_to_user(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let roles = id_list(request, "roles")?;
    let user_id = request.param(0);
    if state.users.get_json(user_id).is_none() {
        return Err(ApiError::inexistent_user());
    }
    state.roles.check_all_exist(&roles)?;
    state.roles.assign(user_id, &roles)?;
    Ok(Response::no_content())
}

/// Handles `DELETE /api/v2/users/{id}/roles`.
pub(crate) fn remove_from_user(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let roles = id_list(request, "roles")?;
    if let Some(role_ids) = state.roles.by_user.get_mut(request.param(0)) {
        role_ids.retain(|id| !roles.contains(id));
    }
    Ok(Response::no_content())
}
