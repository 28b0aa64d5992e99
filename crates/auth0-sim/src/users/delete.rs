//! `DELETE /api/v2/users/{id}`.
//!
//! Documented: 204, whether or not the user existed. Assumed: memberships of organizations and
//! roles end with it.

use super::user::WriteTime;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// Handles `DELETE /api/v2/users/{id}`.
pub(crate) fn delete_user(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let id = request.param(0);
    state.check_user_id(id)?;
    state.remove_assignments(id, now);
    state.users.delete(id, WriteTime { now, lag: state.switches.search_lag_millis });
    Ok(Response::no_content())
}
