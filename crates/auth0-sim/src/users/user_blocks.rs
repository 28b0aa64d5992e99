//! `/api/v2/user-blocks`: brute-force blocks, as opposed to an administrator's `blocked`.
//!
//! Documented: GET and DELETE by id and by identifier, `{"blocked_for": [...]}`. Assumed: 404 for
//! an unknown id, and an empty list for an unknown identifier.

use serde_json::{Value, json};

use super::user::User;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Param, ParamRule, check_query};
use crate::state::State;

const IDENTIFIER: Param = Param {
    name: "identifier",
    rule: ParamRule::Text,
    description: "Should be any of a username, phone number, or email.",
};
const CONSIDER: Param = Param {
    name: "consider_brute_force_enablement",
    rule: ParamRule::Flag,
    description: "If true and Brute Force Protection is enabled and configured to block logins, will return a list of blocked IP addresses.",
};

/// Handles `GET /api/v2/user-blocks?identifier=`.
pub(crate) fn list_by_identifier(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let identifier = identifier(request)?;
    Ok(blocks_response(state, &[identifier], now))
}

/// Handles `DELETE /api/v2/user-blocks?identifier=`.
pub(crate) fn unblock_by_identifier(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let identifier = identifier(request)?;
    state.attempts.unblock([identifier.as_str()]);
    Ok(Response::no_content())
}

/// Handles `GET /api/v2/user-blocks/{id}`.
pub(crate) fn list_by_id(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    check_query(request, &[CONSIDER])?;
    let identifiers = identifiers_of_user(state, request)?;
    Ok(blocks_response(state, &identifiers, now))
}

/// Handles `DELETE /api/v2/user-blocks/{id}`.
pub(crate) fn unblock_by_id(
    state: &mut State,
    request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let identifiers = identifiers_of_user(state, request)?;
    state.attempts.unblock(identifiers.iter().map(String::as_str));
    Ok(Response::no_content())
}

fn identifier(request: &Request) -> Result<String, ApiError> {
    check_query(request, &[IDENTIFIER, CONSIDER])?;
    request.query("identifier").map(str::to_owned).ok_or_else(|| {
        ApiError::invalid_query("Query validation error: 'Missing required property: identifier'.")
    })
}

fn identifiers_of_user(state: &State, request: &Request) -> Result<Vec<String>, ApiError> {
    let id = request.param(0);
    state.check_user_id(id)?;
    state.users.get(id).map(User::login_identifiers).ok_or_else(ApiError::inexistent_user)
}

fn blocks_response(state: &State, identifiers: &[String], now: i64) -> Response {
    let blocks = state.attempts.list_blocks(identifiers.iter().map(String::as_str), now);
    let blocks = blocks.into_iter().map(|block| {
        json!({
            "identifier": block.identifier,
            "ip": block.ip.to_string(),
            "connection": block.connection,
        })
    });
    let blocks: Vec<Value> = blocks.collect();
    Response::json(200, &json!({ "blocked_for": blocks }))
}
