//! `[auth]` as it is written in the file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::strict;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    /// Trusted token issuers.
    pub(super) issuers: Vec<Issuer>,
    /// Tenants that exist, as `{tenant}` stands for them: the keys of their issuers are fetched
    /// without waiting for those of unknown tenants, which anyone can invent.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) known_tenants: Vec<String>,
    /// Tolerated clock difference to an issuer; at most 60000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) leeway_ms: u64,
    /// Maximum length of a token; at most 65536. `http.max_header_bytes` limits it too.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_token_bytes: usize,
    /// Maximum lifetime of a token, measured from its `iat` and from now. The default of 30 days is
    /// the maximum of Auth0 for custom APIs.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_token_lifetime_ms: u64,
    /// Minimum time between two fetches of signing keys because of an unknown key id.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_cooldown_ms: u64,
    /// Age at which signing keys are fetched again, in the background.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_refresh_ms: u64,
    /// Maximum age of signing keys while they cannot be fetched; after that, requests get 503.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_stale_ms: u64,
    /// Approximate size of the cache of verified tokens, each about a kilobyte. A token stays until
    /// it or its key expires. At most 1000000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) cached_tokens: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published name of the key")]
pub(super) struct Issuer {
    /// Exact `iss` claim of the tokens. `{tenant}` stands for one host label or one path segment.
    #[serde(deserialize_with = "strict::string")]
    pub(super) issuer: String,
    /// URL of the key set; may contain `{tenant}` if `issuer` does. Without it, the URL comes from
    /// the discovery document.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) jwks_uri: Option<String>,
    /// Required `aud` claim of the tokens.
    #[serde(deserialize_with = "strict::string")]
    pub(super) audience: String,
    /// Allowed signature algorithms: `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`,
    /// `ES384`, `EdDSA` (also named `Ed25519`).
    #[serde(default = "rs256", deserialize_with = "strict::strings")]
    #[schemars(with = "Vec<AlgorithmName>")]
    pub(super) algorithms: Vec<String>,
    /// Tenants that the tokens cover: `"issuer"`, `"membership"`, `"all"` or `{ claim = "…" }`.
    pub(super) tenants: Tenants,
    /// Claims that contain scopes: strings with spaces between scopes, or arrays of strings.
    #[serde(default = "scope", deserialize_with = "strict::strings")]
    pub(super) scope_claims: Vec<String>,
    /// Claims that contain permissions: arrays of strings.
    #[serde(default = "permissions", deserialize_with = "strict::strings")]
    pub(super) permission_claims: Vec<String>,
    /// Accounts that the subjects of tokens are: `"accounts"` (any; only without `{tenant}`),
    /// `"home"` (those at home in a tenant that the token covers), or `"external"` (none). The
    /// default is `"accounts"` for `tenants = "membership"` without `{tenant}`, `"external"` for
    /// `tenants = "all"`, and otherwise `"home"`.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) subjects: Option<String>,
    /// Token profile: `"jwt"` (`typ` is `JWT` or absent), `"rfc9068"` (`typ` is `at+jwt`, and all
    /// claims that RFC 9068 requires are present), or `"any"` (either), which is the default.
    #[serde(default, deserialize_with = "strict::optional_string")]
    #[schemars(extend("enum" = ["jwt", "rfc9068", "any"]))]
    pub(super) profile: Option<String>,
    /// Whether machine clients may call with their own tokens: tokens whose `sub` ends in
    /// `@clients` or equals `client_id` or `azp`, or whose `gty` is `client-credentials`. Machine
    /// clients with an account at the issuer, as in Keycloak, look like users.
    #[serde(default = "enabled", deserialize_with = "strict::boolean")]
    pub(super) machine_clients: bool,
    /// Whether the issuer may have private network addresses.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) private_network: bool,
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

fn scope() -> Vec<String> {
    vec!["scope".to_owned()]
}

fn permissions() -> Vec<String> {
    vec!["permissions".to_owned()]
}

fn enabled() -> bool {
    true
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be \"issuer\", \"membership\", \"all\" or { claim = \"…\" }")]
pub(super) enum Tenants {
    #[schemars(extend("enum" = ["issuer", "membership", "all"]))]
    Word(String),
    // Not a struct, because serde also reads a struct from an array such as `["acme"]`.
    #[schemars(with = "TenantClaim")]
    Claim(BTreeMap<String, String>),
}

/// The schema of [`Tenants::Claim`].
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct TenantClaim {
    claim: String,
}

/// The schema of the names that `token_verifier::Algorithm` parses.
#[derive(JsonSchema)]
#[schemars(transparent, extend("enum" = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519",
]))]
#[expect(dead_code, reason = "only its schema is used")]
struct AlgorithmName(String);
