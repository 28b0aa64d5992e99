//! Settings: compiled-in defaults, under a TOML file, under environment variables.
//!
//! What is read is turned into types here, once, at the start; a value that cannot be stops the
//! start, and the error names its key. Nothing else in the program reads the environment.

mod directory;
mod issuers;
mod raw;
mod read;
mod reference;
mod source;
mod strict;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use application::AttemptLimit;
use domain::RoleCatalogue;
use secrecy::SecretString;
use thiserror::Error;

use crate::protection::settings::{LimitSettings, OverloadSettings};
use crate::request::trusted_proxies::TrustedProxies;
use crate::response::links::PublicUrl;
use token_verifier::{TrustedIssuers, VerifierSettings};

pub use read::{load, load_defaults, load_development, load_http, load_lenient, state_folder};
pub use reference::{Section, Setting, schema, sections};
pub(crate) use source::{Files, Frozen};
pub use source::{Loaded, Source};

/// Everything that can be set, as types.
#[derive(Debug)]
pub struct Settings {
    /// `[http]`
    pub http: HttpSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[directory]`
    pub directory: DirectorySettings,
    /// `[[auth.issuers]]`
    pub issuers: TrustedIssuers,
    /// The rest of `[auth]`
    pub auth: VerifierSettings,
    /// `[passwords]`
    pub attempts: AttemptLimit,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[overload]`
    pub overload: OverloadSettings,
    /// `[reload]`
    pub reload: ReloadSettings,
    /// `[traces]`; nothing without an end point to send them to.
    pub traces: Option<TraceSettings>,
    /// `[[roles]]`
    pub roles: Arc<RoleCatalogue>,
}

/// How the service is reached, and what it takes.
#[derive(Debug)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it listens for operators; without it, health and metrics are where the rest is.
    pub admin_listen: Option<SocketAddr>,
    /// Where clients reach it; without it, at the address that it listens on.
    pub public_url: Option<PublicUrl>,
    /// How many threads serve; 0 for one a core.
    pub workers: usize,
    /// How many connections there may be at once.
    pub max_connections: usize,
    /// The most that a path and a query may have.
    pub max_uri_bytes: usize,
    /// The most that header fields may have.
    pub max_header_bytes: usize,
    /// How long the first head of a connection may take.
    pub header_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
    /// The most that a body may have.
    pub max_body_bytes: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long a service that is told to stop goes on serving, as one that is not ready.
    pub shutdown_delay: Duration,
    /// How long what is under way may then take.
    pub shutdown_timeout: Duration,
    /// Whether the docs page is served.
    pub docs: bool,
    /// The exact origins of browser applications that may call.
    pub cors_origins: Vec<String>,
    /// The proxies whose word about client addresses is believed.
    pub trusted_proxies: TrustedProxies,
}

/// How the log is written.
#[derive(Debug)]
pub struct LogSettings {
    /// In which form.
    pub format: LogFormat,
    /// What of it, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// Lines of JSON for programs.
    Json,
}

/// How the settings are read again while the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadSettings {
    /// How often the files are looked at; never without it.
    pub interval: Option<Duration>,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The address of the collector (OTLP/HTTP).
    pub otlp_endpoint: String,
    /// How many of the traces that begin here are sent, from 0 to 1.
    pub sample_ratio: f64,
    /// What the service is called there.
    pub service_name: String,
}

/// Where the accounts are kept.
#[derive(Debug)]
pub enum DirectorySettings {
    /// In memory, filled from a seed if there is one.
    Memory {
        /// A file of JSON lines.
        seed: Option<PathBuf>,
    },
    /// In Auth0.
    Auth0(Box<Auth0Settings>),
}

impl DirectorySettings {
    /// The fewest characters that the directory takes for a password, unless only the directory
    /// itself knows.
    pub fn min_password_length(&self) -> Option<usize> {
        match self {
            Self::Memory { .. } => Some(8),
            Self::Auth0(_) => None,
        }
    }
}

/// How Auth0 is reached, and how it is used. What only the adapter can judge is checked when it is
/// made.
#[derive(Debug)]
pub struct Auth0Settings {
    /// The base URL of the Auth0 tenant.
    pub domain: String,
    /// The identifier of the Management API, if not that of the domain.
    pub audience: Option<String>,
    /// The application as which Usher calls.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The name of the database connection that new accounts belong to.
    pub connection: String,
    /// What the names of Usher's own metadata begin with.
    pub metadata_prefix: String,
    /// How long one call may take.
    pub timeout: Duration,
    /// The file of a root certificate besides the usual ones, and what is in it.
    pub ca: Option<Vec<u8>>,
    /// What Auth0 sends to whoever is created without a password.
    pub invite: Invite,
    /// Whether Auth0 asks the holders of new addresses to verify them.
    pub verify_email: bool,
    /// How long one request may take in all.
    pub request_timeout: Duration,
}

impl Auth0Settings {
    /// Whose secret the secret is: where, for what, and as whom.
    pub(crate) fn client(&self) -> (String, Option<String>, String) {
        (self.domain.clone(), self.audience.clone(), self.client_id.clone())
    }
}

/// What Auth0 sends to whoever is created without a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invite {
    /// Nothing.
    None,
    /// A mail with a link by which to set one.
    ResetEmail,
}

/// A value or a file of settings that cannot be used.
#[derive(Debug, Error)]
pub enum InvalidSettings {
    /// The file cannot be read.
    #[error("{path}: cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file or the environment cannot be understood.
    #[error("{0}")]
    Source(String),
    /// A value cannot be used.
    #[error("{key}: {reason}")]
    Value {
        /// The key, as in the file.
        key: String,
        /// Why not.
        reason: String,
    },
}

impl InvalidSettings {
    #[expect(clippy::needless_pass_by_value, reason = "errors are handed over where they end")]
    pub(crate) fn value(key: impl Into<String>, reason: impl ToString) -> Self {
        Self::Value { key: key.into(), reason: reason.to_string() }
    }
}
