//! The endpoints of the key set and of the discovery document.

use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

/// Handles `GET /.well-known/jwks.json`. The current key is first.
#[expect(clippy::unnecessary_wraps, reason = "same signature as other handlers")]
pub(crate) fn key_set(
    state: &mut State,
    _request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let mut keys = state.keys.jwks();
    if state.switches.omit_alg_in_jwks {
        for jwk in &mut keys {
            jwk.remove("alg");
        }
    }
    let keys: Vec<Value> = keys.into_iter().map(Value::Object).collect();
    Ok(Response::json(200, &json!({ "keys": keys })))
}

/// Handles `GET /.well-known/openid-configuration`.
#[expect(clippy::unnecessary_wraps, reason = "same signature as other handlers")]
pub(crate) fn openid_configuration(
    state: &mut State,
    _request: &Request,
    _now: i64,
) -> Result<Response, ApiError> {
    let issuer = &state.issuer;
    Ok(Response::json(
        200,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}authorize"),
            "token_endpoint": format!("{issuer}oauth/token"),
            "userinfo_endpoint": format!("{issuer}userinfo"),
            "jwks_uri": format!("{issuer}.well-known/jwks.json"),
            "response_types_supported": ["code", "token", "id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }),
    ))
}
