//! `POST /api/v2/tickets/email-verification` and `/api/v2/tickets/password-change`.
//!
//! Documented: the bodies, `create:user_tickets`, five days as the default of `ttl_sec`, and that
//! no mail is sent. Observed: 201 and the form of the links. Assumed: the errors.

use serde_json::{Map, Value, json};

use super::links::new_ticket;
use super::tickets::LinkKind;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::validation::{Property, Rule, check_body};
use crate::state::State;
use crate::users::checks::missing_property;
use crate::users::identities::{self, PRIMARY};
use crate::users::user::User;

const fn property(name: &'static str, rule: Rule, description: &'static str) -> Property {
    Property { name, rule, nullable: false, description }
}

/// The members of both bodies.
const BODY: &[Property] = &[
    property("result_url", Rule::Url, "URL the user will be redirected to once ticket is used."),
    property(
        "user_id",
        Rule::Text(1, usize::MAX),
        "user_id of for whom the ticket should be created.",
    ),
    property("client_id", Rule::Text(1, usize::MAX), "ID of the client."),
    property("organization_id", Rule::Text(1, 50), "The ID of the Organization."),
    property("connection_id", Rule::Text(1, usize::MAX), "ID of the connection."),
    property(
        "email",
        Rule::Email,
        "Email address of the user for whom the ticket should be created.",
    ),
    property(
        "ttl_sec",
        Rule::Integer,
        "Number of seconds for which the ticket is valid before expiration.",
    ),
    property(
        "mark_email_as_verified",
        Rule::Flag,
        "Whether to set the email_verified attribute to true (true) or whether it should not be updated (false).",
    ),
    property(
        "includeEmailInRedirect",
        Rule::Flag,
        "Whether to include the email address as part of the returnUrl in the reset_email (true), or not (false).",
    ),
    property("identity", Rule::Object, "The identity to verify."),
];

/// Handles `POST /api/v2/tickets/email-verification`.
pub(crate) fn create_verification_ticket(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let body = request.json_object()?;
    create_ticket(state, &body, LinkKind::VerifyEmail, now)
}

/// Handles `POST /api/v2/tickets/password-change`.
pub(crate) fn create_password_ticket(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let body = request.json_object()?;
    create_ticket(state, &body, LinkKind::ResetPassword, now)
}

fn create_ticket(
    state: &mut State,
    body: &Map<String, Value>,
    kind: LinkKind,
    now: i64,
) -> Result<Response, ApiError> {
    check_body(body, BODY, "")?;
    let (user, index) = find_user(state, body)?;
    let mut ticket = new_ticket(kind, &user, index, now);
    ticket.marks_verified =
        Some(body.get("mark_email_as_verified").and_then(Value::as_bool).unwrap_or(false));
    ticket.result_url = body.get("result_url").and_then(Value::as_str).map(str::to_owned);
    if let Some(seconds) = body.get("ttl_sec").and_then(Value::as_i64).filter(|ttl| *ttl > 0) {
        ticket.expires_at = now.saturating_add(seconds.saturating_mul(1_000));
    }
    let link = state.tickets.issue(&state.url, ticket)?;
    Ok(Response::json(201, &json!({ "ticket": link })))
}

/// Returns the user with `user_id`, or with `email` in `connection_id`, and the index of the
/// identity.
fn find_user(state: &State, body: &Map<String, Value>) -> Result<(User, usize), ApiError> {
    let text = |key| body.get(key).and_then(Value::as_str);
    let found = match (text("user_id"), text("connection_id"), text("email")) {
        (Some(id), _, _) => Some((id.to_owned(), identity_index(state, body, id)?)),
        (None, Some(connection), Some(email)) => {
            let connection = state.connections.iter().find(|known| known.id == connection);
            let connection = connection.ok_or_else(|| {
                ApiError::new(404, "The connection does not exist.", "inexistent_connection")
            })?;
            state.users.find_by_login(&connection.name, email)
        }
        _ => return Err(missing_property("user_id")),
    };
    let (id, index) = found.ok_or_else(ApiError::inexistent_user)?;
    let user = state.users.get(&id).ok_or_else(ApiError::inexistent_user)?;
    Ok((user.clone(), index))
}

fn identity_index(state: &State, body: &Map<String, Value>, id: &str) -> Result<usize, ApiError> {
    let Some(identity) = body.get("identity") else { return Ok(PRIMARY) };
    let member = |key| identity.get(key).and_then(Value::as_str).unwrap_or_default();
    let user = state.users.get(id).ok_or_else(ApiError::inexistent_user)?;
    identities::find_by_id(&user.profile, member("provider"), member("user_id"))
        .ok_or_else(|| ApiError::bare(400, "The user does not have the identity."))
}
