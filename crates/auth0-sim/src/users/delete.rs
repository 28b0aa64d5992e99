//! `DELETE /api/v2/users/{id}`.
//!
//! Documented: 204, whether or not the user was there. Assumed: that memberships of organizations
//! and roles end with it.

use super::Moment;
use crate::http::{Answer, ApiError, Request};
use crate::state::State;
use crate::validation::check_user_id;

/// Deletes a user.
pub(crate) fn delete(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let id = request.param(0);
    check_user_id(id)?;
    state.forget(id, now);
    state.users.delete(id, Moment { now, lag: state.switches.search_lag_millis });
    Ok(Answer::no_content())
}
