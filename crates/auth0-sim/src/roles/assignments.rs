//! `/api/v2/roles/{id}/users` and `/api/v2/users/{id}/roles`.
//!
//! Observed: assigning a role to users answers 200 with `{}`, roles to a user 204.

use serde_json::{Map, Value, json};

use super::store::missing;
use crate::http::error::ApiError;
use crate::http::id_list::ids;
use crate::http::paging::{Listed, Paging};
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::state::State;

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
