//! Access tokens: their claims, and the authorization of Management API requests.
//!
//! Documented: the claims of both profiles, 86400 seconds, `org_id`, `permissions`. Observed: the
//! messages of a 401.

use serde_json::{Map, Value, json};

use crate::crypto::{CryptoError, random_text};
use crate::http::error::ApiError;
use crate::state::State;

/// The contents of a token.
pub(crate) struct Claims {
    pub(crate) subject: String,
    pub(crate) audience: Vec<String>,
    pub(crate) client: String,
    pub(crate) scope: String,
    /// `gty`, which only the Auth0 profile has.
    pub(crate) grant: Option<&'static str>,
    pub(crate) organization: Option<String>,
    pub(crate) permissions: Option<Vec<String>>,
    pub(crate) lifetime_seconds: i64,
    /// Additional claims, such as namespaced ones.
    pub(crate) extra: Map<String, Value>,
}

/// Returns a signed token.
pub(crate) fn issue_access_token(
    state: &State,
    claims: Claims,
    now: i64,
) -> Result<String, CryptoError> {
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
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if rfc9068 {
            set("client_id", claims.client.into());
            set("jti", random_text()?.into());
        } else {
            set("azp", claims.client.into());
            if let Some(grant) = claims.grant {
                set("gty", grant.into());
            }
        }
        if let Some(organization) = claims.organization {
            set("org_id", organization.into());
        }
        if let Some(permissions) = claims.permissions {
            set("permissions", permissions.into());
        }
        members.extend(claims.extra);
    }
    state.keys.sign(if rfc9068 { "at+jwt" } else { "JWT" }, &payload)
}

/// Returns the scopes of the Management token in an `Authorization` header, or 401.
pub(crate) fn authorize(
    state: &State,
    authorization: Option<&str>,
    now: i64,
) -> Result<Vec<String>, ApiError> {
    let refuse = |message: &str| Err(ApiError::bare(401, message));
    let Some((scheme, token)) = authorization.and_then(|header| header.split_once(' ')) else {
        return refuse("Missing authentication");
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return refuse("Missing authentication");
    }
    match state.tokens.get(token) {
        Some(grant) if !state.keys.is_published(&grant.kid) => {
            refuse("Invalid signature received for JSON Web Token validation")
        }
        Some(grant) if now >= grant.expires_at => {
            refuse("Expired token received for JSON Web Token validation")
        }
        Some(grant) => Ok(grant.scopes.clone()),
        None => match state.keys.verify(token) {
            Some(false) => refuse("Invalid signature received for JSON Web Token validation"),
            Some(true) | None => refuse("Invalid token"),
        },
    }
}
