//! Access tokens: what is in them, and which of them the Management API takes.
//!
//! Documented: the claims of both profiles, 86400 seconds, `org_id`, `permissions`. Observed: the
//! messages of a 401.

use serde_json::{Map, Value, json};

use crate::crypto::{CryptoError, random_text};
use crate::http::error::ApiError;
use crate::state::State;

/// What a token says.
pub(crate) struct Claims {
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) client: String,
    pub(crate) scope: String,
    /// `gty`, of the Auth0 profile alone.
    pub(crate) grant: Option<&'static str>,
    pub(crate) organization: Option<String>,
    pub(crate) permissions: Option<Vec<String>>,
    pub(crate) lifetime_seconds: i64,
    /// Anything else: namespaced claims.
    pub(crate) more: Map<String, Value>,
}

/// A signed token.
pub(crate) fn issue(state: &State, claims: Claims, now: i64) -> Result<String, CryptoError> {
    let issued = now.div_euclid(1_000);
    let audience: Value = match claims.audience.as_slice() {
        [one] => one.as_str().into(),
        several => several.into(),
    };
    let mut payload = json!({
        "iss": state.issuer,
        "sub": claims.subject,
        "aud": audience,
        "iat": issued,
        "exp": issued.saturating_add(claims.lifetime_seconds),
        "scope": claims.scope,
    });
    let rfc9068 = state.switches.at_jwt_profile;
    if let Some(members) = payload.as_object_mut() {
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if rfc9068 {
            put("client_id", claims.client.into());
            put("jti", random_text()?.into());
        } else {
            put("azp", claims.client.into());
            if let Some(grant) = claims.grant {
                put("gty", grant.into());
            }
        }
        if let Some(organization) = claims.organization {
            put("org_id", organization.into());
        }
        if let Some(permissions) = claims.permissions {
            put("permissions", permissions.into());
        }
        members.extend(claims.more);
    }
    state.keys.sign(if rfc9068 { "at+jwt" } else { "JWT" }, &payload)
}

/// The scopes of the Management token in an `Authorization` header, or 401.
pub(crate) fn admit(
    state: &State,
    authorization: Option<&str>,
    now: i64,
) -> Result<Vec<String>, ApiError> {
    let refused = |message: &str| Err(ApiError::bare(401, message));
    let Some((scheme, token)) = authorization.and_then(|header| header.split_once(' ')) else {
        return refused("Missing authentication");
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return refused("Missing authentication");
    }
    match state.tokens.get(token) {
        Some(grant) if !state.keys.is_published(&grant.kid) => {
            refused("Invalid signature received for JSON Web Token validation")
        }
        Some(grant) if now >= grant.expires_at => {
            refused("Expired token received for JSON Web Token validation")
        }
        Some(grant) => Ok(grant.scopes.clone()),
        None => match state.keys.verify(token) {
            Some(false) => refused("Invalid signature received for JSON Web Token validation"),
            Some(true) | None => refused("Invalid token"),
        },
    }
}
