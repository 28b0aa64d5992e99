//! `[database]` as it is written in the file.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::strict;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    /// Connection URI, such as `postgres://usher_service:password@db.example.com/usher`; either
    /// this or `url_file` is required. A connection to another machine uses TLS and verifies the
    /// server, whatever `sslmode` says.
    #[serde(default, deserialize_with = "strict::optional_secret")]
    #[schemars(with = "Option<String>")]
    pub(super) url: Option<SecretString>,
    /// File that contains only the connection URI. It is read at startup.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) url_file: Option<String>,
    /// PEM file with the root certificates to trust instead of those of the machine.
    #[serde(default, deserialize_with = "strict::optional_string")]
    pub(super) ca_file: Option<String>,
    /// Maximum number of connections of this process; at most 1000. All replicas together must stay
    /// below the limit of the server.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) max_connections: usize,
    /// Time after which the server cancels a statement; at most an hour. Migrations have no limit.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) statement_timeout_ms: u64,
    /// Time to wait for a connection, from the pool or to the server; at most an hour.
    #[serde(deserialize_with = "strict::integer")]
    pub(super) connect_timeout_ms: u64,
    /// Whether the service migrates the schema at startup. Otherwise, an older schema stops the
    /// start, and `usher migrate` migrates it. The default in development mode is true.
    #[serde(deserialize_with = "strict::boolean")]
    pub(super) migrate: bool,
}
