//! The composition root: the only module that names adapters.

pub(crate) mod postgres;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use application::{Ports, Services};
use auth0_adapter::doctor::{Finding, FindingStatus};
use auth0_adapter::{Auth0Config, Auth0Directory, ClientError, Domain, MetadataPrefix, Tasks};
use memory_adapter::{MemoryDirectory, MemoryKeySource};
use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{Clock, KeySource, PasswordCheck, PublicKey, SystemClock, UserDirectory};
use telemetry::{EndpointError, OtlpSettings, SampleRatioError, Traces};

use crate::metrics::Metrics;
use crate::process::dev_mode;
use crate::process::diagnosis::{Diagnosis, Status};
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring_error::WiringError;
use crate::settings::{Auth0Settings, DirectorySettings, InvalidSettings, Invite, Settings};

/// The crates of this workspace, as log targets. Their log messages are reviewed for secrets.
pub(crate) const OWN_CRATES: [&str; 14] = [
    "usher",
    "usher_http",
    "application",
    "auth0_adapter",
    "domain",
    "concurrency",
    "memory_adapter",
    "oidc_adapter",
    "password_hashing",
    "postgres_adapter",
    "ports",
    "roster",
    "telemetry",
    "token_verifier",
];

/// The parts of the service behind the HTTP layer.
#[derive(Debug)]
pub struct Backend {
    /// The use cases.
    pub services: Services,
    /// The source of the issuers' signing keys.
    pub keys: Arc<dyn KeySource>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The metrics that the adapters record.
    pub metrics: Metrics,
    /// Applies reloaded settings to the adapters.
    pub settings_listener: SettingsListener,
}

/// A callback that applies reloaded settings to the adapters. Cheap to clone.
#[derive(Clone)]
pub struct SettingsListener(Arc<dyn Fn(&Settings) + Send + Sync>);

impl SettingsListener {
    /// Returns a listener that does nothing.
    pub fn noop() -> Self {
        Self(Arc::new(|_| {}))
    }

    /// Applies the settings.
    pub(crate) fn apply(&self, settings: &Settings) {
        (self.0)(settings);
    }
}

impl std::fmt::Debug for SettingsListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettingsListener(…)")
    }
}

/// Builds the backend of the settings. Connections and writes to the directory live on the given
/// runtime.
///
/// # Errors
/// When the seed or a setting is invalid.
pub(crate) fn wire(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<Backend, WiringError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new(&clock);
    let directory = Directory::from_settings(settings, upstream, &clock, &metrics, b"")?;
    Ok(directory.into_backend(settings, Arc::new(key_source(settings)?), clock, metrics))
}

fn key_source(settings: &Settings) -> Result<OidcKeySource, WiringError> {
    let source = OidcKeySource::new(OidcSettings::default());
    if has_tls_issuer(settings) {
        source.prepare_tls().map_err(WiringError::client("key sets"))?;
    }
    Ok(source)
}

/// Whether keys of an issuer are fetched over TLS. Plain http is for loopback only.
fn has_tls_issuer(settings: &Settings) -> bool {
    settings.issuers.names().any(|name| !name.starts_with("http://"))
}

/// Whether the service sends requests over TLS.
pub(crate) fn uses_tls(settings: &Settings) -> bool {
    let is_remote = !matches!(settings.directory, DirectorySettings::Memory { .. });
    is_remote || settings.traces.is_some() || has_tls_issuer(settings)
}

/// What the adapters think of settings.
pub(crate) struct Findings {
    pub(crate) errors: Vec<InvalidSettings>,
    pub(crate) warnings: Vec<String>,
}

/// Checks the settings with the adapters, which validate some of them and the seed. Sends no
/// requests. Settings with errors of their own are checked as far as possible.
pub(crate) fn check(settings: &Settings, upstream: &UpstreamRuntime) -> Findings {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (mut errors, mut warnings) = (Vec::new(), settings.warnings());
    let directory = match &settings.directory {
        DirectorySettings::Memory { seed } => {
            memory_directory(settings, seed.as_deref(), &clock, b"").map(|(_, unknown_roles)| {
                warnings.extend(unknown_roles);
            })
        }
        DirectorySettings::Auth0(auth0) => {
            // Of two invalid settings, the conversion finds one.
            errors.extend(metadata_prefix(auth0).err());
            let metrics = Metrics::new(&clock);
            Directory::from_settings(settings, upstream, &clock, &metrics, b"").map(drop)
        }
        DirectorySettings::Postgres(database) => postgres::database(database, upstream).map(drop),
    };
    errors.extend(directory.err());
    errors.extend(traces(settings, upstream).err());
    errors.extend(key_source(settings).err());
    Findings { errors: errors.into_iter().map(InvalidSettings::from).collect(), warnings }
}

/// Builds the backend of development mode: demo tenants in memory, unless the settings name a seed,
///  a stand-in for Auth0 or a database, and the key of the development issuers.
///
/// # Errors
/// When the seed or a setting is invalid.
pub(crate) fn wire_dev(
    settings: &Settings,
    upstream: &UpstreamRuntime,
    key: &PublicKey,
) -> Result<Backend, WiringError> {
    if let DirectorySettings::Auth0(auth0) = &settings.directory
        && !auth0_config(auth0)?.domain.is_loopback()
    {
        return Err(WiringError::DevOnRealAuth0);
    }
    if let DirectorySettings::Postgres(database) = &settings.directory {
        postgres::check_dev(database)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Metrics::new(&clock);
    let directory =
        Directory::from_settings(settings, upstream, &clock, &metrics, dev_mode::SEED.as_bytes())?;
    let keys = MemoryKeySource::new();
    for issuer in dev_mode::DevIssuer::ALL {
        keys.publish(issuer.url(), vec![key.clone()]);
    }
    Ok(directory.into_backend(settings, Arc::new(keys), clock, metrics))
}

/// Starts the export of traces on the given runtime, if the settings have an endpoint.
///
/// # Errors
/// When a setting is invalid.
pub(crate) fn traces(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<Option<Traces>, WiringError> {
    let Some(settings) = &settings.traces else { return Ok(None) };
    let invalid = |key, reason: &dyn std::fmt::Display| WiringError::setting("traces", key, reason);
    let settings = OtlpSettings {
        endpoint: settings
            .otlp_endpoint
            .parse()
            .map_err(|error: EndpointError| invalid("otlp_endpoint", &error))?,
        service_name: Some(settings.service_name.clone()),
        service_version: env!("CARGO_PKG_VERSION").to_owned(),
        sample_ratio: settings
            .sample_ratio
            .try_into()
            .map(Some)
            .map_err(|error: SampleRatioError| invalid("sample_ratio", &error))?,
        timeout: settings.timeout,
        max_queue_size: settings.max_queue_size,
    };
    Traces::start(&settings, upstream.runtime()).map(Some).map_err(WiringError::client("traces"))
}

/// Checks whether the configured Auth0 tenant has everything that the service needs.
///
/// # Errors
/// When the adapter is another one, or a setting is invalid.
pub(crate) async fn diagnose(settings: &Settings) -> Result<Vec<Diagnosis>, WiringError> {
    match &settings.directory {
        DirectorySettings::Memory { .. } | DirectorySettings::Postgres(_) => {
            Err(WiringError::NoChecks)
        }
        DirectorySettings::Auth0(auth0) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let config = auth0_config(auth0)?;
            let findings = auth0_adapter::doctor::examine(&config, settings.accounts, clock).await;
            Ok(findings.into_iter().map(diagnosis).collect())
        }
    }
}

fn diagnosis(finding: Finding) -> Diagnosis {
    let Finding { check, status, message, fix } = finding;
    let status = match status {
        FindingStatus::Ok => Status::Ok,
        FindingStatus::Warning => Status::Warning,
        FindingStatus::Problem => Status::Problem,
        FindingStatus::Skipped => Status::Skipped,
    };
    Diagnosis { check, status, message, fix }
}

fn metadata_prefix(settings: &Auth0Settings) -> Result<MetadataPrefix, WiringError> {
    let prefix = settings.metadata_prefix.parse();
    prefix.map_err(|error| WiringError::auth0("metadata_prefix", error))
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
        attach_connections: settings.attach_connections.clone(),
        metadata_prefix: metadata_prefix(settings)?,
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

/// Builds the directory in memory with the users of the seed. Returns a warning about roles of the
/// seed that the catalogue does not have.
fn memory_directory(
    settings: &Settings,
    seed: Option<&Path>,
    clock: &Arc<dyn Clock>,
    default_seed: &[u8],
) -> Result<(MemoryDirectory, Option<String>), WiringError> {
    let directory = MemoryDirectory::new(Arc::clone(&settings.roles), Arc::clone(clock));
    let loaded = match seed {
        Some(path) => {
            let file = File::open(path)
                .map_err(|source| WiringError::SeedFile { path: path.to_owned(), source })?;
            directory.load_seed(BufReader::new(file))
        }
        None => directory.load_public_seed(default_seed),
    };
    loaded.map_err(|error| WiringError::Seed(error.into()))?;
    let unknown: Vec<_> = directory.unknown_roles().iter().map(ToString::to_string).collect();
    let warning = (!unknown.is_empty()).then(|| {
        format!(
            "directory.memory.seed: has roles that [[roles]] does not have, which give no access: {}",
            unknown.join(", ")
        )
    });
    Ok((directory, warning))
}

/// A directory adapter behind both of its ports.
struct Directory {
    accounts: Arc<dyn UserDirectory>,
    passwords: Arc<dyn PasswordCheck>,
    settings_listener: SettingsListener,
}

impl Directory {
    fn from_adapter<D: UserDirectory + PasswordCheck + 'static>(
        adapter: Arc<D>,
        apply: impl Fn(&D, &Settings) + Send + Sync + 'static,
    ) -> Self {
        let target = Arc::clone(&adapter);
        let settings_listener =
            SettingsListener(Arc::new(move |settings| apply(&target, settings)));
        Self { accounts: Arc::clone(&adapter) as _, passwords: adapter, settings_listener }
    }

    /// Builds the directory of the settings. In memory, it contains the users of the configured seed
    /// or of `default_seed`.
    fn from_settings(
        settings: &Settings,
        upstream: &UpstreamRuntime,
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
        default_seed: &[u8],
    ) -> Result<Self, WiringError> {
        match &settings.directory {
            DirectorySettings::Memory { seed } => {
                let (directory, unknown_roles) =
                    memory_directory(settings, seed.as_deref(), clock, default_seed)?;
                if let Some(warning) = unknown_roles {
                    tracing::warn!(warning, "seed has unknown roles");
                }
                Ok(Self::from_adapter(Arc::new(directory), |directory, settings| {
                    directory.set_roles(&settings.roles);
                }))
            }
            DirectorySettings::Postgres(database) => {
                let directory = postgres::open(settings, database, upstream, clock)?;
                Ok(Self::from_adapter(Arc::new(directory), |directory, settings| {
                    directory.set_roles(Arc::clone(&settings.roles));
                }))
            }
            DirectorySettings::Auth0(auth0) => {
                let config = auth0_config(auth0)?;
                let tasks = Tasks {
                    runtime: upstream.runtime().clone(),
                    writes: upstream.writes().clone(),
                    observer: Arc::new(metrics.upstream.clone()),
                };
                let (roles, clock) = (Arc::clone(&settings.roles), Arc::clone(clock));
                let directory = Auth0Directory::new(config, roles, clock, tasks).map_err(
                    |error| match error {
                        ClientError::Certificate => WiringError::auth0("ca_file", error),
                        ClientError::Http(_) => WiringError::client("Auth0")(error),
                    },
                )?;
                let client = auth0.client_identity();
                Ok(Self::from_adapter(Arc::new(directory), move |directory, settings| {
                    directory.set_roles(Arc::clone(&settings.roles));
                    // A changed client needs a restart, and its secret belongs to it.
                    if let DirectorySettings::Auth0(auth0) = &settings.directory
                        && auth0.client_identity() == client
                    {
                        directory.set_client_secret(auth0.client_secret.clone());
                    }
                }))
            }
        }
    }

    fn into_backend(
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
        let services = Services::new(ports, settings.attempts, settings.accounts);
        Backend { services, keys, clock, metrics, settings_listener: self.settings_listener }
    }
}
