//! `GET /api/v2/users/{id}`.

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::check_query;
use crate::search::page::{FIELDS_PARAM, INCLUDE_FIELDS_PARAM, Projection};
use crate::state::State;

/// Handles `GET /api/v2/users/{id}`.
pub(crate) fn read_user(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let id = request.param(0);
    state.check_user_id(id)?;
    check_query(request, &[FIELDS_PARAM, INCLUDE_FIELDS_PARAM])?;
    let user = state.users.get(id).ok_or_else(ApiError::inexistent_user)?;
    Ok(Response::json(200, &Projection::from_request(request).apply(&user.profile)))
}
