//! Settings as in the file, before they become types.
//!
//! `[auth]` is in `raw_auth.rs`, `[database]` in `raw_database.rs`. The doc comments are the reference for operators: `reference.rs` generates the tables of
//! `docs/configuration.md` and the JSON schema from them. `bounds.rs` enforces the ranges.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::strict;

pub(super) use super::raw_auth::{Auth, Issuer, Tenants};
pub(super) use super::raw_database::Database;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Settings of Usher")]
pub(super) struct Raw {
    /// The HTTP server.
    pub(super) http: Http,
    /// The log.
    pub(super) log: Log,
    /// The directory that stores the user accounts.
    pub(super) directory: Directory,
    /// The PostgreSQL database, for `directory.adapter = "postgres"`.
    pub(super) database: Database,
    /// Authentication: trusted token issuers, and the verification of their tokens.
    pub(super) auth: Auth,
    /// Accounts that several tenants rely on.
    pub(super) accounts: Accounts,
    /// Limits on wrong passwords.
    pub(super) passwords: Passwords,
    /// Rate limits for each caller.
    pub(super) limits: Limits,
    /// Limits on concurrent requests.
    pub(super) overload: Overload,
    /// Reload of the settings at run time.
    pub(super) reload: Reload,
    /// Export of traces.
    pub(super) traces: Traces,
    /// Roles, the most powerful first; a file with roles replaces all default roles.
    pub(super) roles: Vec<Role>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    /// Address and port of the public listener.
    #[serde(deserialize_with = "strict::string")]
    pub(super) listen: String,
    /// Address and port of a separate listener for health checks and `/metrics`, which are then
    /// served only there. It has its own thread and answers under overload.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) admin_listen: Option<String>,
    /// Base URL under which clients reach the service; links and `Location` start with it. Without
    /// it, `http://` and the listen address. It may have a path, which the proxy must remove.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) public_url: Option<String>,
    /// Number of worker threads, at most 1024; 0 for one for each CPU core.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) workers: usize,
    /// Approximate maximum of open connections, divided evenly among the workers; further
    /// connections wait. Each connection uses two file descriptors: raise the hard limit of the
    /// process (`ulimit -Hn`) to match. At most 1000000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_connections: usize,
    /// Maximum size of a path with its query; at most 65534.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_uri_bytes: usize,
    /// Maximum total size of the header fields of a request; at most 131072.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_header_bytes: usize,
    /// Maximum size of a request body.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_body_bytes: usize,
    /// Time in which the head of the first request on a connection must arrive; at most an hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) header_timeout_ms: u64,
    /// Time in which a client must read a response, or a mebibyte of a full list, and send the head
    /// of its next request; at most an hour. Set it higher than the idle timeout of the load
    /// balancer, which is usually 60 s.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) idle_timeout_ms: u64,
    /// Deadline of a request. Receiving the body and waiting for signing keys may each take half of
    /// it. The directory may take as long again for each further part of a full list.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) request_timeout_ms: u64,
    /// Time after SIGTERM during which the service still serves but reports not ready, so that load
    /// balancers stop sending requests; at most an hour. SIGINT and SIGQUIT skip it. The default in
    /// development mode is 0.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) shutdown_delay_ms: u64,
    /// Time for requests in flight to finish after the listener has closed; at most an hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) shutdown_timeout_ms: u64,
    /// Whether Swagger UI is served at `/docs/`. The OpenAPI document at `/openapi.json` is always
    /// served.
    #[serde(deserialize_with = "strict::boolean")]
    pub(super) docs: bool,
    /// Exact origins of the browser applications that may call the API. Development mode also allows
    /// every `http` origin on loopback.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) cors_origins: Vec<String>,
    /// Networks (CIDR) of the proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) trusted_proxies: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// Format of the log on standard error: `text` or `json`.
    #[serde(deserialize_with = "strict::string")]
    #[schemars(extend("enum" = ["text", "json"]))]
    pub(super) format: String,
    /// Events to log, in the syntax of
    /// [`EnvFilter`](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html).
    #[serde(deserialize_with = "strict::string")]
    pub(super) filter: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    /// Where user accounts are stored: `memory`, `auth0` or `postgres`.
    #[serde(deserialize_with = "strict::string")]
    #[schemars(extend("enum" = ["memory", "auth0", "postgres"]))]
    pub(super) adapter: String,
    /// The directory in memory.
    #[serde(default)]
    pub(super) memory: Memory,
    /// The directory in Auth0.
    pub(super) auth0: Auth0,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// JSON Lines file with the users that exist at startup.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) seed: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth0 {
    /// Required: base URL of the Auth0 tenant or of its custom domain. It must be `https`; `http`
    /// is allowed on loopback only.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) domain: Option<String>,
    /// Identifier of the Management API; with a custom domain, that of the canonical domain.
    /// Without it, `domain` followed by `/api/v2/`.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) audience: Option<String>,
    /// Required: client id of the application that Usher uses.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) client_id: Option<String>,
    /// Client secret of the application; either this or `client_secret_file` is required.
    #[serde(default, deserialize_with = "strict::optional_secret")]
    #[schemars(with = "Option<String>")]
    pub(super) client_secret: Option<SecretString>,
    /// File that contains only the client secret. It is checked for changes like the settings file,
    /// and a new secret is used without a restart.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) client_secret_file: Option<String>,
    /// Name of the database connection for new accounts.
    #[serde(deserialize_with = "strict::string")]
    pub(super) connection: String,
    /// Names of the connections, besides `connection`, whose accounts can be active in tenants
    /// other than their home. An address is unique over all of them. The owner of an enterprise
    /// connection decides which addresses its accounts have: name only those that you trust.
    #[serde(deserialize_with = "strict::strings")]
    pub(super) attach_connections: Vec<String>,
    /// Prefix of Usher's keys in `app_metadata`: a lower-case letter, followed by lower-case
    /// letters, digits and underscores; at most 30 characters.
    #[serde(deserialize_with = "strict::string")]
    pub(super) metadata_prefix: String,
    /// Timeout of one call to Auth0. All calls of a request also end at the deadline of the
    /// request.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) timeout_ms: u64,
    /// PEM file with root certificates to trust besides the public ones.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) ca_file: Option<String>,
    /// Mail to users that are created without a password: `reset_email` sends a link to set a
    /// password, `none` sends nothing.
    #[serde(deserialize_with = "strict::string")]
    #[schemars(extend("enum" = ["none", "reset_email"]))]
    pub(super) invite: String,
    /// Whether Auth0 mails a verification request to new addresses.
    #[serde(deserialize_with = "strict::boolean")]
    pub(super) verify_email: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accounts {
    /// Which memberships are active in tenants that are not the account's home: `verified`, those
    /// of accounts that are provably the person's own; `any`, all of them, for closed systems where
    /// nobody can sign up and every tenant is trusted.
    #[serde(deserialize_with = "strict::string")]
    #[schemars(extend("enum" = ["verified", "any"]))]
    pub(super) attach: String,
    /// What a tenant sees of active users whose home is another tenant: `shown`, the account's own
    /// data; `hidden`, only what the tenant entered, and whether the account is blocked.
    #[serde(deserialize_with = "strict::string")]
    #[schemars(extend("enum" = ["shown", "hidden"]))]
    pub(super) foreign_profile: String,
}

/// The schema of the names that `domain::Access` parses.
#[derive(JsonSchema)]
#[schemars(transparent, extend("enum" = ["read", "write"]))]
#[expect(dead_code, reason = "only its schema is used")]
struct AccessName(String);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Passwords {
    /// Number of wrong current passwords of one caller for one user before 429.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_wrong: usize,
    /// Number of wrong current passwords of all callers for one user before 429.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_wrong_per_account: usize,
    /// Time for which a wrong password counts.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) window_ms: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Limits {
    /// Quota of `POST`, `PUT`, `PATCH` and `DELETE` requests.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) writes_per_minute: u32,
    /// Quota of `change-password` requests of v2, each of which counts as a write too.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) password_checks_per_minute: u32,
    /// Quota of `GET` requests.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) reads_per_minute: u32,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the published names of the keys")]
pub(super) struct Overload {
    /// Maximum number of requests processed at once, after their tokens are verified; at most
    /// 100000.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_concurrent: usize,
    /// Maximum of these for one tenant; at most 100000. A caller whose token does not determine a
    /// single tenant, such as an operator or a member, gets a quarter of it.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_concurrent_per_tenant: usize,
    /// Maximum number of queued requests; beyond it, the newest request of the longest queue is
    /// evicted. At most 100000; 0 for no queue.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_queued: usize,
    /// Maximum time of a request in the queue, and of a full list that waits for memory; at most an
    /// hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_wait_ms: u64,
    /// Memory for the users that full lists of large tenants hold until they are sent, in bytes. At
    /// most 1099511627776.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_list_bytes: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reload {
    /// Time between two checks of the files for changes; at most an hour. 0 disables the checks, so
    /// that only SIGHUP reloads.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) interval_ms: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Traces {
    /// URL of the collector for OTLP over HTTP (protobuf), such as
    /// `http://otel-collector:4318/v1/traces`. Without it, no traces are exported.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) otlp_endpoint: Option<String>,
    /// Fraction of the traces started by Usher that is exported, from 0 to 1. For requests with a
    /// `traceparent`, the caller decides.
    #[serde(deserialize_with = "strict::fraction")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(super) sample_ratio: f64,
    /// Service name in the spans.
    #[serde(deserialize_with = "strict::string")]
    pub(super) service_name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// Name of the role: 1 to 64 letters, digits, `.`, `_`, `:`, `-`.
    #[serde(deserialize_with = "strict::string")]
    pub(super) name: String,
    /// What the role allows on the users of the tenant, where the token leaves that to the role:
    /// `read`, `write`.
    #[serde(default, deserialize_with = "strict::strings")]
    #[schemars(with = "Vec<AccessName>")]
    pub(super) may: BTreeSet<String>,
    /// Whether each tenant must keep at least one holder.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) protected: bool,
    /// Whether the User Management API creates users with this role. Without a default role, it
    /// uses the least powerful role.
    #[serde(default, deserialize_with = "strict::boolean")]
    pub(super) default: bool,
}
