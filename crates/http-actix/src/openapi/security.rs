//! The security schemes of the document.
//!
//! Contract A publishes an OAuth2 scheme and contract B a bearer scheme. Both describe the same
//! bearer token, so every operation accepts either. An operation declares the scheme of its
//! contract, and the document adds the other one.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, Implicit, OAuth2, Scopes, SecurityRequirement,
    SecurityScheme,
};

const OAUTH2: &str = "OAuth2";
const BEARER: &str = "bearer";

/// Returns the schemes with their names.
pub(super) fn schemes() -> [(&'static str, SecurityScheme); 2] {
    let scopes = Scopes::from_iter([
        ("tenant.access:read", "Read the users of a tenant"),
        ("tenant.access:write", "Change the users of a tenant"),
    ]);
    let flow = Implicit::new("https://example.com/authorize", scopes);
    let oauth2 = OAuth2::with_description(
        [Flow::Implicit(flow)],
        "The scheme of contract A. The authorization URL is a placeholder; get a token from your issuer and use `bearer`.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token of a configured issuer, for the operations of both contracts. `usher token` prints one for a service in development mode.",
        ))
        .build();
    [(OAUTH2, SecurityScheme::OAuth2(oauth2)), (BEARER, SecurityScheme::Http(bearer))]
}

/// Adds the other scheme to an operation that requires one; the other operations need no token.
pub(super) fn accept_both_schemes(operation: &mut Operation) {
    let Some(requirements) = &mut operation.security else { return };
    let [bearer, oauth2] = [BEARER, OAUTH2].map(|name| SecurityRequirement::new(name, [""; 0]));
    let other = if requirements.contains(&bearer) { oauth2 } else { bearer };
    requirements.push(other);
}
