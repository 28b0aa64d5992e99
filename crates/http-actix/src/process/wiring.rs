//! The one place that chooses adapters.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use application::{Ports, Services};
use auth0_adapter::{Auth0Config, Auth0Directory, ClientError, Domain, Tasks};
use memory_adapter::{MemoryDirectory, MemoryKeySource, SeedError};
use oidc_adapter::{OidcKeySource, OidcSettings};
use otlp_adapter::{EndpointError, OtlpError, OtlpSettings, SampleRatioError};
use ports::{Clock, KeySource, PasswordCheck, PublicKey, SystemClock, UserDirectory};
use thiserror::Error;

use crate::metrics::Metrics;
use crate::process::dev_mode;
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::settings::{Auth0Settings, DirectorySettings, Invite, Settings};

pub use auth0_adapter::doctor::{Finding, Verdict};
pub(crate) use otlp_adapter::{TraceParent, Traces, adopt_parent, rename, traceparent_of};

/// Usher's own crates, as the log names them. What they say is read over for secrets.
pub(crate) const OWN_CRATES: [&str; 11] = [
    "usher",
    "usher_http",
    "application",
    "auth0_adapter",
    "domain",
    "fair_share",
    "memory_adapter",
    "oidc_adapter",
    "otlp_adapter",
    "ports",
    "token_verifier",
];

/// What stands behind the service.
#[derive(Debug)]
pub struct Backend {
    /// The use cases, over their ports.
    pub services: Services,
    /// Where the keys of token issuers come from.
    pub keys: Arc<dyn KeySource>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where it is counted what they do.
    pub metrics: Metrics,
    /// What has to be told of settings that are read again.
    pub adopt: SettingsListener,
}

/// Tells what stands behind the service of settings that were read while it runs. Cheap to clone.
#[derive(Clone)]
pub struct SettingsListener(Arc<dyn Fn(&Settings) + Send + Sync>);

impl SettingsListener {
    /// There is nobody to be told.
    pub fn nothing() -> Self {
        Self(Arc::new(|_| {}))
    }

    /// These settings hold from now on.
    pub(crate) fn settings(&self, settings: &Settings) {
        (self.0)(settings);
    }
}

impl std::fmt::Debug for SettingsListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettingsListener(…)")
    }
}

/// Why there is nothing to stand behind the service.
#[derive(Debug, Error)]
pub enum WiringError {
    /// The seed cannot be opened.
    #[error("directory.memory.seed: {path} cannot be read")]
    SeedFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The seed cannot be used.
    #[error("directory.memory.seed")]
    Seed(#[source] SeedError),
    /// A setting of Auth0 cannot be used.
    #[error("directory.auth0.{key}: {reason}")]
    Auth0 {
        /// Which one.
        key: &'static str,
        /// Why not.
        reason: String,
    },
    /// Development mode would give away what belongs to a real Auth0 tenant.
    #[error(
        "directory.auth0.domain: development mode gives tokens to everybody, and so works only \
         with a stand-in for Auth0 on this machine"
    )]
    DevOnRealAuth0,
    /// There is nothing to examine.
    #[error("directory.adapter: is memory; the doctor examines auth0 only")]
    NothingToExamine,
    /// No HTTP client for the directory.
    #[error("the HTTP client for Auth0 cannot be made")]
    Auth0Client(#[source] ClientError),
    /// A setting of traces cannot be used.
    #[error("traces.{key}: {reason}")]
    Traces {
        /// Which one.
        key: &'static str,
        /// Why not.
        reason: String,
    },
    /// No HTTP client for the collector of traces.
    #[error("the HTTP client for traces cannot be made")]
    TracesClient(#[source] OtlpError),
    /// No HTTP client for key sets.
    #[error("the HTTP client cannot be made")]
    Client(#[source] oidc_adapter::ClientError),
}

impl WiringError {
    fn auth0(key: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Auth0 { key, reason: reason.to_string() }
    }
}

/// What the settings ask for. Connections to a directory, and writes, live on the given runtime.
///
/// # Errors
/// When the seed or a setting cannot be used.
pub(crate) fn wire(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<Backend, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new(&clock);
    let directory = Directory::of(settings, upstream, &clock, &metrics, b"")?;
    let keys = OidcKeySource::new(OidcSettings::default()).map_err(WiringError::Client)?;
    Ok(directory.under(settings, Arc::new(keys), clock, metrics))
}

/// The demo tenants in memory, unless the settings name a seed or a stand-in for Auth0, and one
/// issuer whose key is at hand.
///
/// # Errors
/// When the seed or a setting cannot be used.
pub(crate) fn wire_dev(
    settings: &Settings,
    upstream: &UpstreamRuntime,
    key: PublicKey,
) -> Result<Backend, WiringError> {
    if let DirectorySettings::Auth0(auth0) = &settings.directory
        && !auth0_config(auth0)?.domain.is_loopback()
    {
        return Err(WiringError::DevOnRealAuth0);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new(&clock);
    let directory = Directory::of(settings, upstream, &clock, &metrics, dev_mode::SEED.as_bytes())?;
    let keys = MemoryKeySource::new();
    keys.publish(dev_mode::ISSUER, vec![key]);
    Ok(directory.under(settings, Arc::new(keys), clock, metrics))
}

/// The export of traces, if the settings ask for it. It lives on the given runtime.
///
/// # Errors
/// When a setting cannot be used.
pub(crate) fn traces(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<Option<Traces>, WiringError> {
    let Some(settings) = &settings.traces else { return Ok(None) };
    let unusable = |key, reason: &dyn std::fmt::Display| WiringError::Traces {
        key,
        reason: reason.to_string(),
    };
    let settings = OtlpSettings {
        endpoint: settings
            .otlp_endpoint
            .parse()
            .map_err(|error: EndpointError| unusable("otlp_endpoint", &error))?,
        service_name: settings.service_name.clone(),
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        sample_ratio: settings
            .sample_ratio
            .try_into()
            .map_err(|error: SampleRatioError| unusable("sample_ratio", &error))?,
        timeout: TRACES_TIMEOUT,
    };
    Traces::start(settings, upstream.runtime()).map(Some).map_err(WiringError::TracesClient)
}

/// How long a batch of spans may take to be sent, and the last one at the end.
const TRACES_TIMEOUT: Duration = Duration::from_secs(5);

/// What stands in the way of serving with the configured Auth0, asked of Auth0 itself.
///
/// # Errors
/// When the adapter is another one, or when a setting cannot be used.
pub async fn examine(settings: &Settings) -> Result<Vec<Finding>, WiringError> {
    match &settings.directory {
        DirectorySettings::Memory { .. } => Err(WiringError::NothingToExamine),
        DirectorySettings::Auth0(auth0) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            Ok(auth0_adapter::doctor::examine(&auth0_config(auth0)?, clock).await)
        }
    }
}

fn auth0_config(settings: &Auth0Settings) -> Result<Auth0Config, WiringError> {
    let domain: Domain =
        settings.domain.parse().map_err(|error| WiringError::auth0("domain", error))?;
    let config = Auth0Config::new(
        domain,
        settings.client_id.clone(),
        settings.client_secret.clone(),
        settings.connection.clone(),
    );
    Ok(Auth0Config {
        audience: settings.audience.clone().unwrap_or(config.audience),
        metadata_prefix: settings
            .metadata_prefix
            .parse()
            .map_err(|error| WiringError::auth0("metadata_prefix", error))?,
        timeout: settings.timeout,
        deadline: settings.request_timeout,
        ca_pem: settings.ca.clone(),
        invite: match settings.invite {
            Invite::None => auth0_adapter::Invite::None,
            Invite::ResetEmail => auth0_adapter::Invite::ResetEmail,
        },
        verify_email: settings.verify_email,
        ..config
    })
}

/// One store, behind both of the ports that it is asked through.
struct Directory {
    accounts: Arc<dyn UserDirectory>,
    passwords: Arc<dyn PasswordCheck>,
    adopt: SettingsListener,
}

impl Directory {
    fn new<D: UserDirectory + PasswordCheck + 'static>(
        both: Arc<D>,
        adopt: impl Fn(&D, &Settings) + Send + Sync + 'static,
    ) -> Self {
        let told = Arc::clone(&both);
        let adopt = SettingsListener(Arc::new(move |settings| adopt(&told, settings)));
        Self { accounts: Arc::clone(&both) as _, passwords: both, adopt }
    }

    /// The directory that the settings ask for. One in memory has the people of the seed that they
    /// name, or else of `otherwise`.
    fn of(
        settings: &Settings,
        upstream: &UpstreamRuntime,
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
        otherwise: &[u8],
    ) -> Result<Self, WiringError> {
        let (roles, clock) = (Arc::clone(&settings.roles), Arc::clone(clock));
        match &settings.directory {
            DirectorySettings::Memory { seed } => {
                let directory = MemoryDirectory::new(roles, clock);
                let loaded = match seed {
                    Some(path) => {
                        let file = File::open(path).map_err(|source| WiringError::SeedFile {
                            path: path.clone(),
                            source,
                        })?;
                        directory.load_seed(BufReader::new(file))
                    }
                    None => directory.load_seed(otherwise),
                };
                loaded.map_err(WiringError::Seed)?;
                Ok(Self::new(Arc::new(directory), |directory, settings| {
                    directory.set_roles(Arc::clone(&settings.roles));
                }))
            }
            DirectorySettings::Auth0(auth0) => {
                let config = auth0_config(auth0)?;
                let tasks = Tasks {
                    runtime: upstream.runtime().clone(),
                    writes: upstream.writes().clone(),
                    watch: Arc::new(metrics.upstream.clone()),
                };
                let directory = Auth0Directory::new(config, roles, clock, tasks).map_err(
                    |error| match error {
                        ClientError::Certificate => WiringError::auth0("ca_file", error),
                        ClientError::Http(_) => WiringError::Auth0Client(error),
                    },
                )?;
                let client = auth0.client_identity();
                Ok(Self::new(Arc::new(directory), move |directory, settings| {
                    directory.set_roles(Arc::clone(&settings.roles));
                    // Another client waits for a restart, and its secret with it.
                    if let DirectorySettings::Auth0(auth0) = &settings.directory
                        && auth0.client_identity() == client
                    {
                        directory.set_client_secret(auth0.client_secret.clone());
                    }
                }))
            }
        }
    }

    fn under(
        self,
        settings: &Settings,
        keys: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Backend {
        let ports = Ports {
            directory: self.accounts,
            password_check: self.passwords,
            clock: Arc::clone(&clock),
        };
        let services = Services::new(ports, settings.attempts);
        Backend { services, keys, clock, metrics, adopt: self.adopt }
    }
}
