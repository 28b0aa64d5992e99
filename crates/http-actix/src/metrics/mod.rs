//! Metrics of the service for Prometheus.
//!
//! - [`http`]: incoming requests, by the template of their route and never by their path.
//! - [`upstream`]: the calls that adapters send. It implements their observer.
//! - [`keys`]: the key sets of issuers, by the issuer as configured.
//!
//! The metrics of the process and of the log come from [`MetricsRegistry`].
//! No label contains text from a client, a tenant or a user: the configuration bounds the number of
//! time series, and none contains personal data.
//! To add a metric: add a field, register it in [`Metrics::new`], and add a row to the table in
//! `docs/operations`. A test compares that table with the served metrics.

mod http;
mod keys;
mod upstream;

use std::sync::Arc;

use domain::Timestamp;
use ports::Clock;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use telemetry::{Label, MetricsRegistry, register_counter};
use token_verifier::{Reason, TokenCacheCounters, TokenError};

use crate::server::malformed_requests;

pub(crate) use http::{AbortReason, HttpMetrics, Route, ShedReason, known_method};
pub(crate) use keys::{InstrumentedKeySource, KeyMetrics};
pub(crate) use upstream::UpstreamMetrics;

/// The media type of [`Metrics::text`].
pub(crate) const CONTENT_TYPE: &str = MetricsRegistry::CONTENT_TYPE;

/// The metrics of one process. Cheap to clone; clones share the counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<MetricsRegistry>,
    clock: Arc<dyn Clock>,
    pub(crate) http: HttpMetrics,
    pub(crate) upstream: UpstreamMetrics,
    pub(crate) keys: Arc<KeyMetrics>,
    pub(crate) tokens: TokenCacheCounters,
    pub(crate) reloads: ReloadMetrics,
    refused_tokens: Family<Label<1>, Counter>,
    /// Whether the last readiness check succeeded.
    pub(crate) ready: Gauge,
    /// Whether the service is shutting down.
    pub(crate) stopping: Gauge,
}

/// Results of reloading the settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReloadMetrics {
    pub(crate) applied: Counter,
    pub(crate) rejected: Counter,
    pub(crate) last_successful: Gauge,
    pub(crate) last_success: Gauge,
    /// Whether a changed setting needs a restart.
    pub(crate) restart_needed: Gauge,
}

impl Metrics {
    /// Returns metrics with all counts at zero, for a service that is not ready yet.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        let mut metrics = MetricsRegistry::new("usher");
        let registry = metrics.service();
        register_counter(
            registry,
            "http_malformed",
            "Connections closed because of data that is not HTTP",
            malformed_requests::count,
        );
        let build = Family::<Label<1>, Gauge>::default();
        build.get_or_create(&Label([("version", env!("CARGO_PKG_VERSION"))])).set(1);
        registry.register("build_info", "The running version", build);
        let [ready, stopping] = <[Gauge; 2]>::default();
        registry.register("stopping", "Whether the service is shutting down", stopping.clone());
        registry.register("ready", "Whether the last readiness check succeeded", ready.clone());
        let http = HttpMetrics::register(registry);
        let upstream = UpstreamMetrics::register(registry);
        let keys = Arc::new(KeyMetrics::register(registry, Arc::clone(clock)));
        let tokens = token_lookups(registry);
        let refused_tokens = Family::<Label<1>, Counter>::default();
        for reason in Reason::ALL {
            drop(refused_tokens.get_or_create(&Label([("reason", reason.label())])));
        }
        registry.register("tokens_refused", "Rejected tokens by reason", refused_tokens.clone());
        let reloads = ReloadMetrics::register(registry);
        reloads.last_successful.set(1);
        reloads.last_success.set(clock.now().as_unix_seconds());
        let clock = Arc::clone(clock);
        Self {
            registry: Arc::new(metrics),
            clock,
            http,
            upstream,
            keys,
            tokens,
            reloads,
            refused_tokens,
            ready,
            stopping,
        }
    }

    /// Counts a rejected token.
    pub(crate) fn refused(&self, error: &TokenError) {
        if let TokenError::Invalid(reason) = error {
            self.refused_tokens.get_or_create(&Label([("reason", reason.label())])).inc();
        }
    }

    /// Returns the current time, for metrics that contain a time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns all metrics in the `OpenMetrics` text format.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        self.keys.update_ages();
        self.registry.text()
    }
}

fn token_lookups(registry: &mut Registry) -> TokenCacheCounters {
    let lookups = Family::<Label<1>, Counter>::default();
    registry.register(
        "token_cache_lookups",
        "Lookups in the cache of verified tokens by result",
        lookups.clone(),
    );
    let of = |result| lookups.get_or_create(&Label([("result", result)])).clone();
    TokenCacheCounters { hits: of("hit"), misses: of("miss") }
}

impl ReloadMetrics {
    fn register(registry: &mut Registry) -> Self {
        let reloads = Family::<Label<1>, Counter>::default();
        registry.register(
            "config_reloads",
            "Reloads of changed settings by result",
            reloads.clone(),
        );
        let of = |result| reloads.get_or_create(&Label([("result", result)])).clone();
        let [last_successful, last_success, restart_needed] = <[Gauge; 3]>::default();
        registry.register(
            "config_restart_needed",
            "Whether changed settings need a restart",
            restart_needed.clone(),
        );
        registry.register(
            "config_last_reload_successful",
            "Whether the last reload of settings succeeded",
            last_successful.clone(),
        );
        registry.register(
            "config_last_reload_success_timestamp_seconds",
            "Unix time of the last successful load of settings",
            last_success.clone(),
        );
        let (applied, rejected) = (of("applied"), of("rejected"));
        Self { applied, rejected, last_successful, last_success, restart_needed }
    }
}

#[cfg(test)]
mod tests;
