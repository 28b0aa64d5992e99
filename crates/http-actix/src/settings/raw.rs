//! Settings as they stand in a file, before they become types.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) http: Http,
    pub(super) log: Log,
    pub(super) directory: Directory,
    pub(super) auth: Auth,
    pub(super) passwords: Passwords,
    pub(super) roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub(super) listen: String,
    pub(super) admin_listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) workers: usize,
    pub(super) max_body_bytes: usize,
    pub(super) request_timeout_ms: u64,
    pub(super) cors_origins: Vec<String>,
    pub(super) trusted_proxies: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) format: String,
    pub(super) filter: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) adapter: String,
    #[serde(default)]
    pub(super) memory: Memory,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    pub(super) seed: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) issuers: Vec<Issuer>,
    pub(super) leeway_ms: u64,
    pub(super) key_cooldown_ms: u64,
    pub(super) key_refresh_ms: u64,
    pub(super) key_stale_ms: u64,
    pub(super) cached_tokens: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published name of the key")]
pub(super) struct Issuer {
    pub(super) issuer: String,
    pub(super) jwks_uri: Option<String>,
    pub(super) audience: String,
    #[serde(default = "rs256")]
    pub(super) algorithms: Vec<String>,
    pub(super) tenants: Tenants,
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
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
    pub(super) max_wrong: usize,
    pub(super) window_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) name: String,
    #[serde(default)]
    pub(super) may: BTreeSet<String>,
    #[serde(default)]
    pub(super) protected: bool,
    #[serde(default)]
    pub(super) default: bool,
}
