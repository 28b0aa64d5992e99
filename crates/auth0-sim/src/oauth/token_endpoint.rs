//! `POST /oauth/token`.
//!
//! Documented: the parameters, the error format, the grants. Assumed: error descriptions that no
//! source quotes; that credentials in a Basic header are accepted too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parameters::Parameters;
use super::{client_credentials, password_realm};
use crate::config::{CLIENT_CREDENTIALS, Client, PASSWORD_REALM};
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// Handles `POST /oauth/token` for the two supported grants.
pub(crate) fn issue_token(
    state: &mut State,
    request: &Request,
    now: i64,
) -> Result<Response, ApiError> {
    let parameters = Parameters::from_request(request)?;
    let grant = parameters.required("grant_type")?;
    let client = authenticate(state, request, &parameters)?;
    if grant != CLIENT_CREDENTIALS && grant != PASSWORD_REALM {
        let description = format!("Unsupported grant type: {grant}");
        return Err(ApiError::oauth(400, "unsupported_grant_type", description));
    }
    if !client.grant_types.iter().any(|enabled| enabled == grant) {
        let description = format!("Grant type '{grant}' not allowed for the client.");
        return Err(ApiError::oauth(403, "unauthorized_client", description));
    }
    if grant == CLIENT_CREDENTIALS {
        client_credentials::exchange(state, &client, &parameters, now)
    } else {
        password_realm::log_in(state, &client, request, &parameters, now)
    }
}

/// Returns the client, if its secret is right.
fn authenticate(
    state: &State,
    request: &Request,
    parameters: &Parameters,
) -> Result<Client, ApiError> {
    let credentials = request
        .header("authorization")
        .and_then(|header| header.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match credentials.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (id, Some(secret)),
        None => (parameters.required("client_id")?, parameters.optional("client_secret")),
    };
    let client = state.clients.iter().find(|client| client.id == id);
    client.filter(|client| secret == Some(client.secret.as_str())).cloned().ok_or_else(|| {
        if state.switches.bad_secret_is_access_denied {
            ApiError::oauth(401, "access_denied", "Unauthorized")
        } else {
            ApiError::oauth(401, "invalid_client", "Client authentication failed")
        }
    })
}
