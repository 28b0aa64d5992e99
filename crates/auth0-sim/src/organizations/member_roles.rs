//! `/api/v2/organizations/{id}/members/{user_id}/roles`.
//!
//! Documented: 50 roles at most. Observed: a role can be assigned before the membership.

use super::store::not_found;
use crate::http::error::ApiError;
use crate::http::id_list::id_list;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// The maximum number of roles of one member.
const MAX_ROLES_PER_MEMBER: usize = 50;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    let paging = Paging::from_request(request, state.switches.max_per_page, &[])?;
    let organization = state.organizations.0.get(request.param(0)).ok_or_else(not_found)?;
    let role_ids = organization.roles.get(request.param(1));
    let role_ids = role_ids.into_iter().flatten().map(|id| (id.clone(), id.as_str())).collect();
    let roles = &state.roles;
    PagedList::new("roles", role_ids)
        .respond(&paging, &mut state.checkpoints, now, |id| roles.role_json(id).unwrap_or_default())
}

pub(crate) fn assign(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let requested = id_list(request, "roles")?;
    state.roles.check_all_exist(&requested)?;
    let organization = state.organizations.find_mut(request.param(0))?;
    let role_ids = organization.roles.entry(request.param(1).to_owned()).or_default();
    let mut updated = role_ids.clone();
    updated.extend(requested);
    updated.sort();
    updated.dedup();
    if updated.len() > MAX_ROLES_PER_MEMBER {
        let message = "Maximum number of roles for the member has been reached.";
        return Err(ApiError::bare(409, message));
    }
    *role_ids = updated;
    Ok(Response::no_content())
}

pub(crate) fn remove(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let requested = id_list(request, "roles")?;
    let organization = state.organizations.find_mut(request.param(0))?;
    if let Some(role_ids) = organization.roles.get_mut(request.param(1)) {
        role_ids.retain(|id| !requested.contains(id));
    }
    Ok(Response::no_content())
}
