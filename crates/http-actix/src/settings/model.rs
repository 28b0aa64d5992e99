//! Settings as types.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use application::AttemptLimit;
use domain::{AccountRules, RoleCatalogue};
use secrecy::SecretString;
use token_verifier::{TrustedIssuers, VerifierSettings};

use crate::protection::settings::{LimitSettings, OverloadSettings};
use crate::request::trusted_proxies::TrustedProxies;
use crate::response::links::PublicUrl;
use crate::server::cors::AllowedOrigins;

/// All settings of the service.
#[derive(Debug)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[directory]`
    pub directory: DirectorySettings,
    /// Whether `[database]` names a database that the directory does not use.
    pub has_unused_database: bool,
    /// `[[auth.issuers]]`
    pub issuers: TrustedIssuers,
    /// The rest of `[auth]`
    pub auth: VerifierSettings,
    /// `[accounts]`
    pub accounts: AccountRules,
    /// `[passwords]`
    pub attempts: AttemptLimit,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[overload]`
    pub overload: OverloadSettings,
    /// `[reload]`
    pub reload: ReloadSettings,
    /// `[traces]`; `None` without an endpoint.
    pub traces: Option<TraceSettings>,
    /// `[[roles]]`
    pub roles: Arc<RoleCatalogue>,
}

/// Settings of the HTTP server.
#[derive(Debug)]
pub struct HttpSettings {
    /// The address of the public listener.
    pub listen: SocketAddr,
    /// The address of the listener for health checks and metrics; without it, the public listener
    /// serves them.
    pub admin_listen: Option<SocketAddr>,
    /// The base URL for clients; without it, the listen address.
    pub public_url: Option<PublicUrl>,
    /// The number of worker threads; 0 for one for each core.
    pub workers: usize,
    /// The maximum number of open connections.
    pub max_connections: usize,
    /// The maximum size of a path with its query.
    pub max_uri_bytes: usize,
    /// The maximum total size of the header fields.
    pub max_header_bytes: usize,
    /// The time in which the first head of a connection must arrive.
    pub header_timeout: Duration,
    /// The maximum time of a connection between requests.
    pub idle_timeout: Duration,
    /// The maximum size of a request body.
    pub max_body_bytes: usize,
    /// The deadline of a request.
    pub request_timeout: Duration,
    /// The time after SIGTERM during which the service still serves but reports not ready.
    pub shutdown_delay: Duration,
    /// The time for requests in flight to finish after that.
    pub shutdown_timeout: Duration,
    /// Whether Swagger UI is served.
    pub docs: bool,
    /// The origins that CORS allows.
    pub cors_origins: AllowedOrigins,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
    pub trusted_proxies: TrustedProxies,
}

/// Settings of the log.
#[derive(Debug)]
pub struct LogSettings {
    /// The format of each line.
    pub format: LogFormat,
    /// The events to log, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// Formats of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Human-readable lines.
    Text,
    /// One JSON object for each line.
    Json,
}

/// Settings of reloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadSettings {
    /// The time between two checks of the files; `None` for no checks.
    pub interval: Option<Duration>,
}

/// Settings of the trace export.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The URL of the collector (OTLP over HTTP).
    pub otlp_endpoint: String,
    /// The fraction of traces started here that is exported, from 0 to 1.
    pub sample_ratio: f64,
    /// The service name in the spans.
    pub service_name: String,
    /// The timeout for sending a batch of spans, also at shutdown.
    pub timeout: Duration,
    /// The maximum number of spans that wait for the collector.
    pub max_queue_size: usize,
}

/// The directory that stores the accounts, with its settings.
#[derive(Debug)]
pub enum DirectorySettings {
    /// In memory.
    Memory {
        /// A JSON Lines file with the users at startup.
        seed: Option<PathBuf>,
    },
    /// In Auth0.
    Auth0(Box<Auth0Settings>),
    /// In PostgreSQL.
    Postgres(Box<DatabaseSettings>),
}

impl DirectorySettings {
    /// Returns the minimum number of characters of a password, or `None` if only the directory
    /// itself knows it.
    pub fn min_password_length(&self) -> Option<usize> {
        match self {
            Self::Memory { .. } | Self::Postgres(_) => Some(8),
            Self::Auth0(_) => None,
        }
    }
}

/// Settings of the Auth0 adapter, which validates some of them itself.
#[derive(Debug)]
pub struct Auth0Settings {
    /// The base URL of the Auth0 tenant.
    pub domain: String,
    /// The identifier of the Management API, if it is not derived from the domain.
    pub audience: Option<String>,
    /// The client id of the application.
    pub client_id: String,
    /// The client secret of the application.
    pub client_secret: SecretString,
    /// The name of the database connection of new accounts.
    pub connection: String,
    /// The names of further connections whose accounts may be attached.
    pub attach_connections: Vec<String>,
    /// The prefix of the keys in `app_metadata`.
    pub metadata_prefix: String,
    /// The timeout of one call.
    pub timeout: Duration,
    /// Additional root certificates (PEM).
    pub ca: Option<Vec<u8>>,
    /// The mail to users that are created without a password.
    pub invite: Invite,
    /// Whether Auth0 mails a verification request to new addresses.
    pub verify_email: bool,
    /// The deadline of all calls of one request.
    pub request_timeout: Duration,
}

impl Auth0Settings {
    /// Returns what the client secret belongs to: domain, audience and client id.
    pub(crate) fn client_identity(&self) -> (String, Option<String>, String) {
        (self.domain.clone(), self.audience.clone(), self.client_id.clone())
    }
}

/// Settings of the PostgreSQL adapter, which validates the URL itself.
#[derive(Debug)]
pub struct DatabaseSettings {
    /// The connection URI.
    pub url: SecretString,
    /// Root certificates (PEM) to trust instead of those of the machine.
    pub ca: Option<Vec<u8>>,
    /// The maximum number of connections of this process.
    pub max_connections: usize,
    /// The time after which the server cancels a statement.
    pub statement_timeout: Duration,
    /// The time to wait for a connection.
    pub connect_timeout: Duration,
    /// Whether the schema is migrated at startup.
    pub migrate: bool,
}

/// The mail that Auth0 sends to a user that is created without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invite {
    /// No mail.
    None,
    /// A mail with a link to set a password.
    ResetEmail,
}
