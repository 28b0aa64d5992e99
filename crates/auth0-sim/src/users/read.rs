//! `GET /api/v2/users/{id}`.

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::http::validation::{check_query, check_user_id};
use crate::search::page::{FIELDS_PARAM, INCLUDE_FIELDS_PARAM, Projection};
use crate::state::State;

/// `GET /api/v2/users/{id}`.
pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    check_user_id(id)?;
    check_query(request, &[FIELDS_PARAM, INCLUDE_FIELDS_PARAM])?;
    let person = state.users.get(id).ok_or_else(ApiError::inexistent_user)?;
    Ok(Answer::json(200, &Projection::of_request(request).of(&person.profile)))
}
