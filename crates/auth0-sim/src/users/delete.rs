//! `DELETE /api/v2/users/{id}`.
//!
//! Documented: 204, whether or not the user was there. Assumed: that memberships of organizations
//! and roles end with it.

use super::user::Moment;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::http::validation::check_user_id;
use crate::state::State;

/// Deletes a user.
pub(crate) fn delete(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    check_user_id(id)?;
    state.forget(id, now);
    state.users.delete(id, Moment { now, lag: state.switches.search_lag_millis });
    Ok(Answer::no_content())
}
