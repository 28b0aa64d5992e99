//! `GET /api/v2/users-by-email`.
//!
//! Documented: immediately consistent, case-sensitive, an array without pages.

use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Param, ParamRule, check_query};
use crate::search::page::{FIELDS_PARAM, INCLUDE_FIELDS_PARAM, Projection};
use crate::state::State;

const PARAMS: &[Param] = &[
    FIELDS_PARAM,
    INCLUDE_FIELDS_PARAM,
    Param {
        name: "email",
        rule: ParamRule::Email,
        description: "Email address to search for (case-sensitive).",
    },
];

/// Handles `GET /api/v2/users-by-email`.
pub(crate) fn find_users_by_email(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    check_query(request, PARAMS)?;
    let Some(email) = request.query("email") else {
        let message = "Query validation error: 'Missing required property: email'.";
        return Err(ApiError::invalid_query(message));
    };
    let projection = Projection::from_request(request);
    let users = state.users.find_by_email(email).map(|user| projection.apply(&user.profile));
    Ok(Response::json(200, &Value::Array(users.collect())))
}
