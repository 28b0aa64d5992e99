//! Settings as they stand in a file, before they become types.
//!
//! What is said of a field here is what `docs/configuration.md` says of the key (`reference.rs`).
//! Bounds are in the words, and kept by `read.rs`.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// Where the service listens: an address and a port.
    #[serde(deserialize_with = "strict::string")]
    pub(super) listen: String,
    /// Where health and `/metrics` are served apart; then they are served nowhere else. A thread of
    /// its own answers there, under overload too.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) admin_listen: Option<String>,
    /// Where clients reach the service; links and `Location` start with it. Without it, `http://`
    /// and the address that it listens on.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) public_url: Option<String>,
    /// Threads that serve, at most 1024; 0 for one a core.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) workers: usize,
    /// About how many connections there may be at once, shared evenly among the threads; further
    /// ones wait. Each takes two file descriptors: raise the hard limit of the process
    /// (`ulimit -Hn`) to match. At most 1000000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_connections: usize,
    /// The most that a path with its query may have; at most 65534.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_uri_bytes: usize,
    /// The most that header fields may have together; at most 131072.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_header_bytes: usize,
    /// The most that a body may have.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_body_bytes: usize,
    /// How long the first request of a connection may take until its head is there; at most an
    /// hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) header_timeout_ms: u64,
    /// How long after an answer a client may take to have read it and to have sent the next head;
    /// at most an hour. Best longer than that of a balancer in front, which is 60 s as a rule.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) idle_timeout_ms: u64,
    /// How long a request may take; half of it for sending the body, and half for waiting for keys.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) request_timeout_ms: u64,
    /// How long after SIGTERM the service goes on serving, as one that is not ready, so that
    /// balancers turn away; at most an hour. 0 in development mode; SIGINT and SIGQUIT leave it
    /// out.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) shutdown_delay_ms: u64,
    /// How long what is under way may then take, once the listener is closed; at most an hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) shutdown_timeout_ms: u64,
    /// Whether the docs page is served at `/docs/`; the document itself is at `/openapi.json` in
    /// any case.
    #[serde(deserialize_with = "strict::boolean")]
    pub(super) docs: bool,
    /// Exact origins of browser applications that may call.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) cors_origins: Vec<String>,
    /// Networks (CIDR) of proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) trusted_proxies: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// `text` or `json`; on the standard error stream.
    #[serde(deserialize_with = "strict::string")]
    pub(super) format: String,
    /// What is logged, in the syntax of
    /// [`EnvFilter`](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html).
    #[serde(deserialize_with = "strict::string")]
    pub(super) filter: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    /// Where people are kept: `memory` or `auth0`.
    #[serde(deserialize_with = "strict::string")]
    pub(super) adapter: String,
    #[serde(default)]
    pub(super) memory: Memory,
    pub(super) auth0: Auth0,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// A file of JSON lines, one for each person who is there at the start.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) seed: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth0 {
    /// Required: the base URL of the Auth0 tenant or of its custom domain; `https`, plain `http` on
    /// loopback only.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) domain: Option<String>,
    /// The identifier of the Management API; with a custom domain, that of the canonical one.
    /// Without it, `domain` and `/api/v2/`.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) audience: Option<String>,
    /// Required: the application as which Usher calls.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) client_id: Option<String>,
    /// Its secret; this or `client_secret_file` is required.
    #[serde(default, deserialize_with = "strict::optional_secret")]
    #[schema(value_type = Option<String>)]
    pub(super) client_secret: Option<SecretString>,
    /// A file that holds the secret and nothing else. It is looked at as the settings are, and a
    /// new secret in it is taken up.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) client_secret_file: Option<String>,
    /// The name of the database connection of new accounts.
    #[serde(deserialize_with = "strict::string")]
    pub(super) connection: String,
    /// What the names of Usher's keys in `app_metadata` begin with: up to 30 lower-case letters,
    /// digits and underscores, a letter first.
    #[serde(deserialize_with = "strict::string")]
    pub(super) metadata_prefix: String,
    /// How long one call to Auth0 may take; all of a request's calls together end with the request.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) timeout_ms: u64,
    /// A file of root certificates (PEM) that are trusted besides the usual ones.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) ca_file: Option<String>,
    /// `reset_email`: Auth0 mails a link to set a password to whoever is created without one;
    /// `none`: nothing is sent.
    #[serde(deserialize_with = "strict::string")]
    pub(super) invite: String,
    /// Whether Auth0 mails a request for verification to new addresses.
    #[serde(deserialize_with = "strict::boolean")]
    pub(super) verify_email: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) issuers: Vec<Issuer>,
    /// How far clocks may be apart; at most 60000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) leeway_ms: u64,
    /// How long a token may be good for, from its `iat` and from now; 30 days, the most that Auth0
    /// gives tokens of a custom API.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_token_lifetime_ms: u64,
    /// The least time between two fetches for a key that is unknown.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_cooldown_ms: u64,
    /// The age at which keys are fetched again, in the background.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_refresh_ms: u64,
    /// How long keys are used while they cannot be fetched; after that, 503.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) key_stale_ms: u64,
    /// About how many verified tokens (of a kilobyte) are remembered, until they or their keys
    /// expire; at most 1000000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) cached_tokens: usize,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published name of the key")]
pub(super) struct Issuer {
    /// The `iss` of its tokens, exactly; `{tenant}` may stand for one host label or one path
    /// segment.
    #[serde(deserialize_with = "strict::string")]
    pub(super) issuer: String,
    /// Where its keys are; may have `{tenant}` if `issuer` has. Without it, discovery says so.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) jwks_uri: Option<String>,
    /// The `aud` that its tokens must have.
    #[serde(deserialize_with = "strict::string")]
    pub(super) audience: String,
    /// Of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, `ES384`, `EdDSA`.
    #[serde(default = "rs256", deserialize_with = "strict::strings")]
    pub(super) algorithms: Vec<String>,
    /// Which tenants its tokens cover: `"issuer"`, `"membership"`, `"all"` or `{ claim = "…" }`.
    #[schema(inline)]
    pub(super) tenants: Tenants,
    /// What its tokens look like: `"jwt"` (`typ` is `JWT` or absent), `"rfc9068"` (`typ` is
    /// `at+jwt`, and all claims that RFC 9068 requires are there), or `"any"` (either), which is
    /// what it is without.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) profile: Option<String>,
    /// Whether programs are let in by tokens of their own: those whose `sub` ends in `@clients` or
    /// is their own `client_id` or `azp`, or whose `gty` is `client-credentials`. Programs that an
    /// issuer gives accounts of their own, as Keycloak does, cannot be told from people.
    #[serde(default = "yes", deserialize_with = "strict::boolean")]
    pub(super) machine_clients: bool,
    /// Whether the issuer may be in a private network.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) private_network: bool,
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

fn yes() -> bool {
    true
}

/// `"issuer"`, `"membership"`, `"all"`, or `{ claim = "…" }`.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged, expecting = "must be \"issuer\", \"membership\", \"all\" or { claim = \"…\" }")]
pub(super) enum Tenants {
    Word(String),
    /// A map, since a struct could be read from an array too: `["acme"]` would name a claim.
    Claim(BTreeMap<String, String>),
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Passwords {
    /// Wrong current passwords for one user from one address before 429.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_wrong: usize,
    /// How long a wrong one counts.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) window_ms: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Limits {
    /// `POST`, `PUT`, `PATCH` and `DELETE`.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) writes_per_minute: u32,
    /// v2 of `change-password`, each of which is a write too.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) password_checks_per_minute: u32,
    /// `GET`.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) reads_per_minute: u32,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Overload {
    /// How many requests are worked on at once, after their token is verified; at most 100000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_concurrent: usize,
    /// How many of them may be one tenant's; at most 100000. A caller whose token does not say for
    /// which one tenant it speaks, an operator or a member, has a quarter of it.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_concurrent_per_tenant: usize,
    /// How many may wait for a place; where more come, the longest line loses its last. At most
    /// 100000; 0 for none.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_queued: usize,
    /// How long one may wait for a place; at most an hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_wait_ms: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reload {
    /// How often the files are looked at; at most an hour, 0 for never: then SIGHUP alone has them
    /// read.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) interval_ms: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Traces {
    /// Where spans are sent by OTLP over HTTP (protobuf), such as
    /// `http://otel-collector:4318/v1/traces`. Without it, nowhere.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) otlp_endpoint: Option<String>,
    /// Which share of the traces that begin here is kept, from 0 to 1; a caller's `traceparent`
    /// decides for its own.
    #[serde(deserialize_with = "strict::fraction")]
    pub(super) sample_ratio: f64,
    /// What the service is called in them.
    #[serde(deserialize_with = "strict::string")]
    pub(super) service_name: String,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// 1 to 64 letters, digits, `.`, `_`, `:`, `-`.
    #[serde(deserialize_with = "strict::string")]
    pub(super) name: String,
    /// Of `read` and `write`: what holders may do to the tenant's users, where the token leaves it
    /// to their role.
    #[serde(default, deserialize_with = "strict::strings")]
    pub(super) may: BTreeSet<String>,
    /// Whether a tenant must keep a holder.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) protected: bool,
    /// Whether contract B creates users with it; if none is, the least powerful.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) default: bool,
}
