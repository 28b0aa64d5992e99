//! From files and variables to types.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use application::AttemptLimit;
use config::{Config, Environment, File, FileFormat};
use domain::{Access, RoleCatalogue, RoleDefinition};
use ipnet::IpNet;

use super::raw::{self, Raw};
use super::source::Source;
use super::{
    HttpSettings, InvalidSettings, LogFormat, LogSettings, ReloadSettings, Settings, TraceSettings,
    directory, issuers,
};
use crate::protection::settings::{LimitSettings, OverloadSettings};
use crate::request::trusted_proxies::TrustedProxies;
use token_verifier::{KeyCacheSettings, VerifierSettings};

pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");
const DEVELOPMENT: &str = include_str!("../../config/development.toml");
/// Names the file, if the command line does not.
const FILE_VARIABLE: &str = "USHER_CONFIG";
/// The one variable that is taken as it stands.
const SECRET_VARIABLE: &str = "USHER__DIRECTORY__AUTH0__CLIENT_SECRET";

pub(super) type Checked<T> = Result<T, InvalidSettings>;

/// The settings of the file, or of the one that `USHER_CONFIG` names, over the defaults and under
/// the environment. There must be an issuer, since without one nobody could ever call.
pub fn load(file: Option<&Path>) -> Checked<Settings> {
    let (settings, _) = Source::File(file.map(Path::to_owned)).load()?;
    Ok(settings)
}

pub(super) fn read_file(file: Option<&Path>) -> Checked<Raw> {
    read(&[DEFAULTS], file)
}

pub(super) fn check_with_issuers(raw: Raw, folder: Option<&Path>) -> Checked<Settings> {
    if raw.auth.issuers.is_empty() {
        let reason = "at least one issuer is needed; `usher serve --dev` brings one along";
        return Err(InvalidSettings::value("auth.issuers", reason));
    }
    check(raw, folder)
}

/// As [`load`], but without an issuer it will do: for asking about a service that runs, in
/// whatever mode.
pub fn load_lenient(file: Option<&Path>) -> Checked<Settings> {
    let file = file.map(Path::to_owned).or_else(named_file);
    check(read_file(file.as_deref())?, file.as_deref().and_then(Path::parent))
}

/// How the service is reached, of the settings that [`load_lenient`] would read: who asks for that
/// alone need not be able to read secrets.
pub fn load_http(file: Option<&Path>) -> Checked<HttpSettings> {
    let file = file.map(Path::to_owned).or_else(named_file);
    http(read_file(file.as_deref())?.http)
}

/// The file that the environment names; an empty name is none.
pub(super) fn named_file() -> Option<PathBuf> {
    variable(FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// The defaults under the environment, without any file.
pub fn load_defaults() -> Checked<Settings> {
    check(read(&[DEFAULTS], None)?, None)
}

/// As [`load_defaults`], but as development mode wants it.
pub fn load_development() -> Checked<Settings> {
    check(read(&[DEFAULTS, DEVELOPMENT], None)?, None)
}

/// Where programs keep what should outlive them, by the XDG base directory specification.
pub fn state_folder() -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn read(compiled_in: &[&str], file: Option<&Path>) -> Checked<Raw> {
    let environment = Environment::with_prefix("USHER")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("http.cors_origins")
        .with_list_parse_key("http.trusted_proxies");
    let mut layers = Config::builder();
    for text in compiled_in {
        layers = layers.add_source(File::from_str(text, FileFormat::Toml));
    }
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| InvalidSettings::File { path: path.to_owned(), source })?;
        layers = layers.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let unreadable = |error: config::ConfigError| match file {
        Some(path) => InvalidSettings::Source(format!("{}: {}", path.display(), outline(&error))),
        None => InvalidSettings::Source(outline(&error)),
    };
    layers = layers.add_source(environment);
    // As it stands: a secret of digits alone is no number.
    if let Some(secret) = variable(SECRET_VARIABLE).and_then(|secret| secret.into_string().ok()) {
        layers =
            layers.set_override("directory.auth0.client_secret", secret).map_err(unreadable)?;
    }
    let layers = layers.build().map_err(unreadable)?;
    serde_path_to_error::deserialize(layers).map_err(|error| {
        InvalidSettings::value(error.path().to_string(), without_value(&error.inner().to_string()))
    })
}

/// What a parser says, without the lines of the file that it shows, which may hold a secret: where
/// it is, and what was expected.
fn outline(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(place), Some(reason)) => format!("{place}: {reason}"),
        (Some(all), None) => all.to_owned(),
        (None, _) => "cannot be read".to_owned(),
    }
}

/// `invalid type: string "hunter2", expected a whole number`, without what stands there: it may be
/// a secret that has gone astray.
fn without_value(text: &str) -> String {
    match text.rsplit_once("expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            let expected = expected.split(" for key `").next().unwrap_or_default();
            format!("must be {expected}")
        }
        Some(_) | None => text.to_owned(),
    }
}

fn check(raw: Raw, folder: Option<&Path>) -> Checked<Settings> {
    Ok(Settings {
        log: log(raw.log)?,
        directory: directory::directory(raw.directory, raw.http.request_timeout_ms, folder)?,
        auth: VerifierSettings {
            // RFC 7519 §4.1.4: "usually no more than a few minutes"; a minute is plenty.
            leeway: Duration::from_millis(at_most("auth.leeway_ms", raw.auth.leeway_ms, 60_000)?),
            max_lifetime: positive("auth.max_token_lifetime_ms", raw.auth.max_token_lifetime_ms)?,
            key_wait: Duration::from_millis(raw.http.request_timeout_ms / 2),
            keys: KeyCacheSettings {
                cooldown: positive("auth.key_cooldown_ms", raw.auth.key_cooldown_ms)?,
                refresh: positive("auth.key_refresh_ms", raw.auth.key_refresh_ms)?,
                stale_bound: positive("auth.key_stale_ms", raw.auth.key_stale_ms)?,
            },
            cached_tokens: at_most(
                "auth.cached_tokens",
                nonzero("auth.cached_tokens", raw.auth.cached_tokens)?,
                1_000_000,
            )?,
        },
        http: http(raw.http)?,
        issuers: issuers::issuers(raw.auth.issuers)?,
        attempts: AttemptLimit {
            wrong: nonzero("passwords.max_wrong", raw.passwords.max_wrong)?,
            window: positive("passwords.window_ms", raw.passwords.window_ms)?,
        },
        limits: LimitSettings {
            writes: NonZeroU32::new(raw.limits.writes_per_minute),
            password_checks: NonZeroU32::new(raw.limits.password_checks_per_minute),
            reads: NonZeroU32::new(raw.limits.reads_per_minute),
        },
        overload: overload(&raw.overload)?,
        reload: ReloadSettings {
            interval: at_most("reload.interval_ms", raw.reload.interval_ms, 3_600_000)
                .map(Duration::from_millis)
                .map(|interval| Some(interval).filter(|interval| !interval.is_zero()))?,
        },
        traces: traces(raw.traces)?,
        roles: Arc::new(roles(raw.roles)?),
    })
}

fn overload(raw: &raw::Overload) -> Checked<OverloadSettings> {
    let raw::Overload { max_concurrent, max_concurrent_per_tenant, max_queued, max_wait_ms } = *raw;
    let some = |key, number| at_most(key, nonzero(key, number)?, 100_000);
    Ok(OverloadSettings {
        concurrent: some("overload.max_concurrent", max_concurrent)?,
        concurrent_per_tenant: some(
            "overload.max_concurrent_per_tenant",
            max_concurrent_per_tenant,
        )?,
        queued: at_most("overload.max_queued", max_queued, 100_000)?,
        wait: at_most("overload.max_wait_ms", max_wait_ms, 3_600_000).map(Duration::from_millis)?,
    })
}

fn traces(raw: raw::Traces) -> Checked<Option<TraceSettings>> {
    let Some(otlp_endpoint) = raw.otlp_endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(None);
    };
    if raw.service_name.is_empty() {
        return Err(InvalidSettings::value("traces.service_name", "is empty"));
    }
    Ok(Some(TraceSettings {
        otlp_endpoint,
        sample_ratio: raw.sample_ratio,
        service_name: raw.service_name,
    }))
}

fn http(mut raw: raw::Http) -> Checked<HttpSettings> {
    // An empty variable is a list without anything in it.
    raw.cors_origins.retain(|origin| !origin.is_empty());
    raw.trusted_proxies.retain(|network| !network.is_empty());
    let networks = raw.trusted_proxies.iter().enumerate().map(|(at, network)| {
        // A bare address is the network of itself alone.
        let alone = || network.parse::<IpAddr>().map(IpNet::from);
        network.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
            InvalidSettings::value(format!("http.trusted_proxies[{at}]"), "must be a CIDR")
        })
    });
    for (at, origin) in raw.cors_origins.iter().enumerate() {
        let exact = url::Url::parse(origin).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.origin().ascii_serialization() == *origin
        });
        if !exact {
            let reason = "must be an exact origin such as https://admin.example.com";
            return Err(InvalidSettings::value(format!("http.cors_origins[{at}]"), reason));
        }
    }
    Ok(HttpSettings {
        listen: address("http.listen", &raw.listen)?,
        admin_listen: raw
            .admin_listen
            .map(|text| address("http.admin_listen", &text))
            .transpose()?,
        public_url: raw
            .public_url
            .map(|url| {
                url.parse().map_err(|error| InvalidSettings::value("http.public_url", error))
            })
            .transpose()?,
        workers: at_most("http.workers", raw.workers, 1024)?,
        max_connections: at_most(
            "http.max_connections",
            nonzero("http.max_connections", raw.max_connections)?,
            1_000_000,
        )?,
        // The framework takes no longer ones, whatever is set.
        max_uri_bytes: at_most(
            "http.max_uri_bytes",
            nonzero("http.max_uri_bytes", raw.max_uri_bytes)?,
            65_534,
        )?,
        max_header_bytes: at_most(
            "http.max_header_bytes",
            nonzero("http.max_header_bytes", raw.max_header_bytes)?,
            131_072,
        )?,
        header_timeout: at_most_an_hour("http.header_timeout_ms", raw.header_timeout_ms)?,
        idle_timeout: at_most_an_hour("http.idle_timeout_ms", raw.idle_timeout_ms)?,
        max_body_bytes: nonzero("http.max_body_bytes", raw.max_body_bytes)?,
        request_timeout: positive("http.request_timeout_ms", raw.request_timeout_ms)?,
        shutdown_delay: Duration::from_millis(at_most(
            "http.shutdown_delay_ms",
            raw.shutdown_delay_ms,
            3_600_000,
        )?),
        shutdown_timeout: at_most_an_hour("http.shutdown_timeout_ms", raw.shutdown_timeout_ms)?,
        trusted_proxies: TrustedProxies::new(networks.collect::<Checked<_>>()?),
        docs: raw.docs,
        cors_origins: raw.cors_origins,
    })
}

fn address(key: &str, text: &str) -> Checked<SocketAddr> {
    let reason = "must be an address and a port, such as 127.0.0.1:8080";
    text.parse().map_err(|_| InvalidSettings::value(key, reason))
}

fn log(raw: raw::Log) -> Checked<LogSettings> {
    let format = match raw.format.as_str() {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return Err(InvalidSettings::value("log.format", "must be text or json")),
    };
    tracing_subscriber::EnvFilter::try_new(&raw.filter)
        .map_err(|error| InvalidSettings::value("log.filter", error))?;
    Ok(LogSettings { format, filter: raw.filter })
}

fn roles(raw: Vec<raw::Role>) -> Checked<RoleCatalogue> {
    let mut definitions = Vec::with_capacity(raw.len());
    for (at, role) in raw.into_iter().enumerate() {
        let key = |field: &str| format!("roles[{at}].{field}");
        let may = role.may.iter().map(|access| match access.as_str() {
            "read" => Ok(Access::Read),
            "write" => Ok(Access::Write),
            _ => Err(InvalidSettings::value(key("may"), "must hold only read and write")),
        });
        definitions.push(RoleDefinition {
            access: may.collect::<Checked<_>>()?,
            name: role.name.parse().map_err(|error| InvalidSettings::value(key("name"), error))?,
            protected: role.protected,
            default: role.default,
        });
    }
    RoleCatalogue::new(definitions).map_err(|error| InvalidSettings::value("roles", error))
}

pub(super) fn positive(key: &str, millis: u64) -> Checked<Duration> {
    nonzero(key, millis).map(Duration::from_millis)
}

fn at_most_an_hour(key: &str, millis: u64) -> Checked<Duration> {
    positive(key, at_most(key, millis, 3_600_000)?)
}

fn at_most<T: Copy + PartialOrd + Display>(key: &str, number: T, most: T) -> Checked<T> {
    if number > most {
        return Err(InvalidSettings::value(key, format!("must be at most {most}")));
    }
    Ok(number)
}

fn nonzero<T: Default + PartialEq>(key: &str, number: T) -> Checked<T> {
    if number == T::default() {
        return Err(InvalidSettings::value(key, "must be at least 1"));
    }
    Ok(number)
}

/// Relative to the file of settings that names it, wherever the process was started.
pub(super) fn beside(folder: Option<&Path>, file: &str) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(file), |folder| folder.join(file))
}
