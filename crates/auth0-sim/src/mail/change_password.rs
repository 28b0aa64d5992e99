//! `POST /dbconnections/change_password`.
//!
//! Documented: the response, which is the same for unknown users, and the rate limit for each pair
//! of client address and e-mail address. Assumed: the error formats.

use super::links::send_mail;
use super::tickets::LinkKind;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::oauth::parameters::Parameters;
use crate::state::State;

/// Handles `POST /dbconnections/change_password`: sends a reset link if the user exists.
pub(crate) fn request_password_change(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let parameters = Parameters::from_request(request)?;
    let client = parameters.required("client_id")?;
    let email = parameters.required("email")?.to_lowercase();
    let connection = parameters.required("connection")?;
    if !state.clients.iter().any(|candidate| candidate.id == client) {
        return Err(ApiError::oauth(401, "invalid_client", "Unknown client."));
    }
    if !state.connection(connection).is_some_and(|candidate| candidate.enabled_for(client)) {
        let description = "The connection does not exist or is not enabled for the client.";
        return Err(ApiError::oauth(400, "invalid_request", description));
    }
    if !state.outbox.take_request(request.client_ip, &email, now) {
        let description = "Too many password change requests for this user.";
        return Err(ApiError::oauth(429, "too_many_requests", description));
    }
    if let Some((id, index)) = state.users.find_by_login(connection, &email)
        && let Some(user) = state.users.get(&id).cloned()
    {
        send_mail(state, LinkKind::ResetPassword, &user, index, now)?;
    }
    let sentence = "We've just sent you an email to reset your password.";
    Ok(Response::raw(200, "text/html; charset=utf-8", sentence))
}
