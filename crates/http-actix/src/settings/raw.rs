//! Settings as they stand in a file, before they become types.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::Deserialize;

use super::strict;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) http: Http,
    pub(super) log: Log,
    pub(super) directory: Directory,
    pub(super) auth: Auth,
    pub(super) passwords: Passwords,
    pub(super) limits: Limits,
    pub(super) overload: Overload,
    pub(super) reload: Reload,
    pub(super) traces: Traces,
    pub(super) roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    #[serde(deserialize_with = "strict::text")]
    pub(super) listen: String,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) admin_listen: Option<String>,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) public_url: Option<String>,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) workers: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_connections: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_uri_bytes: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_header_bytes: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_body_bytes: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) header_timeout_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) idle_timeout_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) request_timeout_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) shutdown_delay_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) shutdown_timeout_ms: u64,
    #[serde(deserialize_with = "strict::flag")]
    pub(super) docs: bool,
    #[serde(deserialize_with = "strict::texts")]
    pub(super) cors_origins: Vec<String>,
    #[serde(deserialize_with = "strict::texts")]
    pub(super) trusted_proxies: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    #[serde(deserialize_with = "strict::text")]
    pub(super) format: String,
    #[serde(deserialize_with = "strict::text")]
    pub(super) filter: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    #[serde(deserialize_with = "strict::text")]
    pub(super) adapter: String,
    #[serde(default)]
    pub(super) memory: Memory,
    pub(super) auth0: Auth0,
}

impl Directory {
    /// All of it as text, but for the client's secret and the file that holds it.
    pub(super) fn without_secret(&self) -> String {
        let Self { adapter, memory, auth0 } = self;
        let Auth0 { domain, audience, client_id, connection, metadata_prefix, .. } = auth0;
        let Auth0 { timeout_ms, ca_file, invite, verify_email, .. } = auth0;
        let auth0 = (domain, audience, client_id, connection, metadata_prefix);
        format!("{adapter:?} {memory:?} {auth0:?} {timeout_ms} {ca_file:?} {invite} {verify_email}")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) seed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth0 {
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) domain: Option<String>,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) audience: Option<String>,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) client_id: Option<String>,
    #[serde(default, deserialize_with = "strict::optional_secret")]
    pub(super) client_secret: Option<SecretString>,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) client_secret_file: Option<String>,
    #[serde(deserialize_with = "strict::text")]
    pub(super) connection: String,
    #[serde(deserialize_with = "strict::text")]
    pub(super) metadata_prefix: String,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) timeout_ms: u64,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) ca_file: Option<String>,
    #[serde(deserialize_with = "strict::text")]
    pub(super) invite: String,
    #[serde(deserialize_with = "strict::flag")]
    pub(super) verify_email: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) issuers: Vec<Issuer>,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) leeway_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_token_lifetime_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) key_cooldown_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) key_refresh_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) key_stale_ms: u64,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) cached_tokens: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published name of the key")]
pub(super) struct Issuer {
    #[serde(deserialize_with = "strict::text")]
    pub(super) issuer: String,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) jwks_uri: Option<String>,
    #[serde(deserialize_with = "strict::text")]
    pub(super) audience: String,
    #[serde(default = "rs256", deserialize_with = "strict::texts")]
    pub(super) algorithms: Vec<String>,
    pub(super) tenants: Tenants,
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) profile: Option<String>,
    #[serde(default = "yes", deserialize_with = "strict::flag")]
    pub(super) machine_clients: bool,
    #[serde(default, deserialize_with = "strict::flag")]
    pub(super) private_network: bool,
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

fn yes() -> bool {
    true
}

/// `"issuer"`, `"membership"`, `"all"`, or `{ claim = "…" }`.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "must be \"issuer\", \"membership\", \"all\" or { claim = \"…\" }")]
pub(super) enum Tenants {
    Word(String),
    /// A map, since a struct could be read from an array too: `["acme"]` would name a claim.
    Claim(BTreeMap<String, String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Passwords {
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_wrong: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) window_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Limits {
    #[serde(deserialize_with = "strict::whole")]
    pub(super) writes_per_minute: u32,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) password_checks_per_minute: u32,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) reads_per_minute: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Overload {
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_concurrent: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_concurrent_per_tenant: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_queued: usize,
    #[serde(deserialize_with = "strict::whole")]
    pub(super) max_wait_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reload {
    #[serde(deserialize_with = "strict::whole")]
    pub(super) interval_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Traces {
    #[serde(default, deserialize_with = "strict::optional_text")]
    pub(super) otlp_endpoint: Option<String>,
    #[serde(deserialize_with = "strict::fraction")]
    pub(super) sample_ratio: f64,
    #[serde(deserialize_with = "strict::text")]
    pub(super) service_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    #[serde(deserialize_with = "strict::text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "strict::texts")]
    pub(super) may: BTreeSet<String>,
    #[serde(default, deserialize_with = "strict::flag")]
    pub(super) protected: bool,
    #[serde(default, deserialize_with = "strict::flag")]
    pub(super) default: bool,
}
