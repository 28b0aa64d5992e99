//! Who is let in: what is done to tokens to get in without being allowed to, and what is done when
//! keys change or cannot be had.
//!
//! Each attack is tried over HTTP, and with it that nothing was fetched where nothing may be.

mod claims;
mod issuers;
mod keys;
mod profiles;
mod shape;
mod tenants;
mod transport;

use serde_json::{Value, json};

use crate::support::{ALL_PERMISSIONS, Answer, App, SigningKey, TENANT_ISSUER, TokenClaims};

/// A call that every good token of the tenant acme may make.
pub(super) const LIST: &str = "/api/acme/admin/users";
/// The same by the other contract.
pub(super) const USERS: &str = "/api/v1/users?filter[tenant]=acme";

/// The name of the issuer of a tenant.
pub(super) fn issuer_of(tenant: &str) -> String {
    TENANT_ISSUER.replace("{tenant}", tenant)
}

/// Claims of acme's issuer that open everything in acme.
pub(super) fn good(app: &App) -> TokenClaims {
    app.claims(&issuer_of("acme")).permissions(&ALL_PERMISSIONS)
}

/// The header of a good token, to be changed.
pub(super) fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "JWT", "kid": "usual"})
}

/// A token with this header and these claims, signed by the right key.
pub(super) fn signed(header: &Value, claims: &Value) -> String {
    SigningKey::shared().sign_text(&header.to_string(), &claims.to_string())
}

/// Asserts that the token opens neither contract, and that both say why in the same words.
pub(super) async fn assert_refused(app: &App, token: &str, why: &str) -> Answer {
    let by_a = app.bearer(token).get(LIST).await;
    let by_b = app.bearer(token).get(USERS).await;
    for answer in [&by_a, &by_b] {
        assert_eq!(answer.outcome(), "401 invalid_token", "{why}: {token}");
        let expected = format!("Bearer error=\"invalid_token\", error_description=\"{why}\"");
        assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()), "{token}");
        assert!(token.is_empty() || !answer.text.contains(token), "the token is repeated");
    }
    by_a
}

/// Asserts that acme's issuer was asked for its keys so many times.
pub(super) fn assert_fetches(app: &App, count: u64) {
    assert_eq!(app.keys.fetches(&issuer_of("acme")), count, "fetches of acme's keys");
}
