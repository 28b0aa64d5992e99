//! The pages that links lead to.
//!
//! Observed: the paths. Assumed: the statuses and texts; the real pages need a browser.

use super::links::{LinkError, follow_password_link, follow_verification_link};
use super::tickets::LinkKind;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::oauth::parameters::Parameters;
use crate::state::State;

/// Handles `GET /u/email-verification`: verifies the address.
pub(crate) fn verify_email(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let ticket = ticket(request)?;
    Ok(page(follow_verification_link(state, ticket, now), "Your email address was verified."))
}

/// Handles `GET /u/reset-password`: shows a form for the new password.
pub(crate) fn show_password_form(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let ticket = ticket(request)?;
    if state.tickets.find(ticket, LinkKind::ResetPassword, now).is_none() {
        return Ok(page(Err(LinkError::Unusable), ""));
    }
    let form = "<form method=\"post\"><input type=\"password\" name=\"password\"><button>Reset \
                password</button></form>";
    Ok(html(200, form))
}

/// Handles `POST /u/reset-password`: sets the password in the form or JSON body.
pub(crate) fn reset_password(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let ticket = ticket(request)?;
    let parameters = Parameters::from_request(request)?;
    let password = parameters.required("password")?;
    Ok(page(follow_password_link(state, ticket, password, now), "Your password was changed."))
}

/// Returns the parameter `ticket`.
fn ticket(request: &Request) -> Result<&str, ApiError> {
    request.query("ticket").ok_or_else(|| {
        ApiError::oauth(400, "invalid_request", "Missing required parameter: ticket")
    })
}

fn page(result: Result<Option<String>, LinkError>, text: &str) -> Response {
    match result {
        Ok(Some(url)) => html(302, text).with_header("location", url),
        Ok(None) => html(200, text),
        Err(error) => html(400, &error.to_string()),
    }
}

fn html(status: u16, body: &str) -> Response {
    let body = format!("<html><body>{body}</body></html>");
    Response::raw(status, "text/html; charset=utf-8", body)
}
