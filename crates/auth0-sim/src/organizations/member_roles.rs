//! `/api/v2/organizations/{id}/members/{user_id}/roles`.
//!
//! Documented: 50 roles at most. Observed: a role before the membership.

use super::store::missing;
use crate::http::error::ApiError;
use crate::http::id_list::ids;
use crate::http::paging::{Listed, Paging};
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::state::State;

/// Roles that one member can hold.
const MOST_ROLES: usize = 50;

pub(crate) fn roles_of(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let paging = Paging::read(request, state.switches.max_per_page, &[])?;
    let organization = state.organizations.0.get(request.param(0)).ok_or_else(missing)?;
    let held = organization.roles.get(request.param(1));
    let held = held.into_iter().flatten().map(|id| (id.clone(), id.as_str())).collect();
    let roles = &state.roles;
    Listed::new("roles", held)
        .answer(&paging, &mut state.cursors, now, |id| roles.shown(id).unwrap_or_default())
}

pub(crate) fn assign_roles(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let asked = ids(request, "roles")?;
    state.roles.all_exist(&asked)?;
    let organization = state.organizations.get(request.param(0))?;
    let held = organization.roles.entry(request.param(1).to_owned()).or_default();
    let mut wanted = held.clone();
    wanted.extend(asked);
    wanted.sort();
    wanted.dedup();
    if wanted.len() > MOST_ROLES {
        let message = "Maximum number of roles for the member has been reached.";
        return Err(ApiError::bare(409, message));
    }
    *held = wanted;
    Ok(Answer::no_content())
}

pub(crate) fn take_roles(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let asked = ids(request, "roles")?;
    let organization = state.organizations.get(request.param(0))?;
    if let Some(held) = organization.roles.get_mut(request.param(1)) {
        held.retain(|id| !asked.contains(id));
    }
    Ok(Answer::no_content())
}
