//! Token verification: forged and malformed tokens, key rotation and key outages.
//!
//! Each attack goes over HTTP, and most also check how often keys were fetched.

mod claims;
mod format;
mod issuers;
mod keys;
mod profiles;
mod signatures;
mod tenants;
mod transport;

use serde_json::{Value, json};

use crate::support::{ALL_PERMISSIONS, Answer, App, SigningKey, TENANT_ISSUER, TokenClaims};

/// The list of contract A, which every valid token of acme can read.
pub(super) const LIST: &str = "/api/acme/admin/users";
/// The list of contract B, likewise.
pub(super) const USERS: &str = "/api/v1/users?filter[tenant]=acme";

/// Why a text without three parts of base64url is rejected.
const NOT_A_JWT: &str = "the token is not a signed JWT";

/// The issuer of a tenant's tokens.
pub(super) fn issuer_of(tenant: &str) -> String {
    TENANT_ISSUER.replace("{tenant}", tenant)
}

/// Claims of acme's issuer with every permission.
pub(super) fn valid_claims(app: &App) -> TokenClaims {
    app.claims(&issuer_of("acme")).permissions(&ALL_PERMISSIONS)
}

/// The header of a valid token.
pub(super) fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": "usual"})
}

/// A token with this header and these claims, signed by the issuer's key.
pub(super) fn signed_token(header: &Value, claims: &Value) -> String {
    SigningKey::shared().sign_text(&header.to_string(), &claims.to_string())
}

/// The outcome of reading the list of contract A with this token.
async fn outcome(app: &App, token: &str) -> String {
    app.bearer(token).get(LIST).await.outcome()
}

/// Asserts that both contracts reject the token and give this reason.
pub(super) async fn assert_rejected(app: &App, token: &str, reason: &str) -> Answer {
    let response_a = app.bearer(token).get(LIST).await;
    let response_b = app.bearer(token).get(USERS).await;
    for response in [&response_a, &response_b] {
        assert_eq!(response.outcome(), "401 invalid_token", "{reason}: {token}");
        let expected = format!("Bearer error=\"invalid_token\", error_description=\"{reason}\"");
        assert_eq!(response.header("www-authenticate"), Some(expected.as_str()), "{token}");
        assert!(
            token.is_empty() || !response.text.contains(token),
            "the response repeats the token"
        );
    }
    response_a
}

/// Asserts how often the keys of acme's issuer were fetched.
pub(super) fn assert_fetches(app: &App, count: u64) {
    assert_eq!(app.keys.fetches(&issuer_of("acme")), count, "fetches of acme's keys");
}
