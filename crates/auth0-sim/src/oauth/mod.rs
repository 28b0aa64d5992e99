//! `POST /oauth/token`.
//!
//! Documented: parameters, the shape of errors, the grants. Assumed: the descriptions of errors
//! that no source quotes; credentials in a Basic header are taken too.

pub(crate) mod client_credentials;
pub(crate) mod password_realm;
pub(crate) mod tokens;

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{CLIENT_CREDENTIALS, Client, PASSWORD_REALM};
use crate::http::{Answer, ApiError, Request};
use crate::keys::KeyError;
use crate::state::State;

/// What a client sent, as a form or as JSON. Has no `Debug`: passwords are among it.
pub(crate) struct Parameters(HashMap<String, String>);

impl Parameters {
    pub(crate) fn read(request: &Request) -> Result<Self, ApiError> {
        let is_json = request
            .header("content-type")
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            let pairs = form_urlencoded::parse(&request.body);
            return Ok(Self(pairs.into_owned().collect()));
        }
        let invalid = |_| ApiError::oauth(400, "invalid_request", "Invalid JSON body.");
        let members: HashMap<String, serde_json::Value> =
            serde_json::from_slice(&request.body).map_err(invalid)?;
        let text =
            |(name, value): (String, serde_json::Value)| Some((name, value.as_str()?.to_owned()));
        Ok(Self(members.into_iter().filter_map(text).collect()))
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).ok_or_else(|| {
            let description = format!("Missing required parameter: {name}");
            ApiError::oauth(400, "invalid_request", description)
        })
    }
}

/// The short name of the grant that a request asks for, for counts and faults.
pub(crate) fn grant_name(request: &Request) -> Option<String> {
    let grant = Parameters::read(request).ok()?.0.remove("grant_type")?;
    Some(grant.rsplit('/').next().unwrap_or_default().to_owned())
}

/// `POST /oauth/token`, for the two grants that there are.
pub(crate) fn token(state: &mut State, request: &Request, now: i64) -> Result<Answer, ApiError> {
    let parameters = Parameters::read(request)?;
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
        client_credentials::issue(state, &client, &parameters, now)
    } else {
        password_realm::log_in(state, &client, request, &parameters, now)
    }
}

/// The client, if its secret is right.
fn authenticate(
    state: &State,
    request: &Request,
    parameters: &Parameters,
) -> Result<Client, ApiError> {
    let basic = request
        .header("authorization")
        .and_then(|header| header.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (id, Some(secret)),
        None => (parameters.required("client_id")?, parameters.optional("client_secret")),
    };
    let known = state.clients.iter().find(|client| client.id == id);
    known.filter(|client| secret == Some(client.secret.as_str())).cloned().ok_or_else(|| {
        if state.switches.bad_secret_is_access_denied {
            ApiError::oauth(401, "access_denied", "Unauthorized")
        } else {
            ApiError::oauth(401, "invalid_client", "Client authentication failed")
        }
    })
}

impl From<KeyError> for ApiError {
    fn from(_: KeyError) -> Self {
        Self::oauth(500, "server_error", "The token could not be signed.")
    }
}
