//! `GET /api/v2/clients/{id}`, as returned to a token without `read:client_keys`: no secret.
//!
//! Documented: the members that are here; a real response has many more.

use serde_json::json;

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    let entry = state.clients.iter().find(|client| client.id == request.param(0));
    let client = entry
        .ok_or_else(|| ApiError::new(404, "The client does not exist", "inexistent_client"))?;
    Ok(Response::json(
        200,
        &json!({
            "client_id": client.id,
            "name": client.id,
            "app_type": "non_interactive",
            "is_first_party": true,
            "oidc_conformant": true,
            "global": false,
            "grant_types": client.grant_types,
            "jwt_configuration": {"alg": "RS256"},
            "token_endpoint_auth_method": "client_secret_post",
            "is_token_endpoint_ip_header_trusted": client.trust_forwarded_for,
        }),
    ))
}
