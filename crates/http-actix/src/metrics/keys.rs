//! Metrics of the key sets of issuers: fetches and ages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use domain::Timestamp;
use parking_lot::Mutex;
use ports::{Clock, KeySetLocation, KeySource, KeySourceError, PublicKey};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use token_verifier::{TENANT_PLACEHOLDER, TrustedIssuers};

/// The result of a fetch.
const RESULTS: [&str; 3] = ["fetched", "failed", "not_found"];

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FetchLabels {
    issuer: Arc<str>,
    result: &'static str,
}

impl EncodeLabelSet for FetchLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("issuer", &*self.issuer), ("result", self.result)].encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct IssuerLabel {
    issuer: Arc<str>,
}

impl EncodeLabelSet for IssuerLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [("issuer", &*self.issuer)].encode(encoder)
    }
}

/// Fetches and ages of key sets, by the issuer as configured: all tenants of a template share one
/// series, so that the metrics do not reveal their number.
#[derive(Debug)]
pub(crate) struct KeyMetrics {
    fetches: Family<FetchLabels, Counter>,
    ages: Family<IssuerLabel, Gauge>,
    clock: Arc<dyn Clock>,
    fetched_at: Mutex<BTreeMap<Arc<str>, Timestamp>>,
    issuers: Mutex<Arc<TrustedIssuers>>,
}

impl KeyMetrics {
    pub(super) fn register(registry: &mut Registry, clock: Arc<dyn Clock>) -> Self {
        let (fetches, ages) = (Family::default(), Family::default());
        registry.register(
            "jwks_fetches",
            "Fetches of an issuer's keys, by the issuer as configured and by result",
            Family::clone(&fetches),
        );
        registry.register(
            "jwks_age_seconds",
            "Time since an issuer's keys were fetched, or since the start; for a template, since the \
             last fetch of any of its issuers",
            Family::clone(&ages),
        );
        Self {
            fetches,
            ages,
            clock,
            fetched_at: Mutex::default(),
            issuers: Mutex::new(Arc::new(TrustedIssuers::new(Vec::new()))),
        }
    }

    /// Sets the configured issuers. Removes the series of all others, and keeps the counts of those
    /// that stay.
    pub(crate) fn configure(&self, issuers: Arc<TrustedIssuers>) {
        let mut configured = self.issuers.lock();
        let names: BTreeSet<String> = issuers.names().collect();
        for removed in configured.names().filter(|name| !names.contains(name)) {
            let issuer: Arc<str> = removed.into();
            for result in RESULTS {
                self.fetches.remove(&FetchLabels { issuer: Arc::clone(&issuer), result });
            }
            self.fetched_at.lock().remove(&issuer);
            self.ages.remove(&IssuerLabel { issuer });
        }
        for name in names {
            let issuer: Arc<str> = name.into();
            for result in RESULTS {
                let labels = FetchLabels { issuer: Arc::clone(&issuer), result };
                drop(self.fetches.get_or_create(&labels));
            }
            // Keys that were never fetched age too. A template may have no issuer yet.
            if !issuer.contains(TENANT_PLACEHOLDER) {
                self.fetched_at.lock().entry(issuer).or_insert_with(|| self.clock.now());
            }
        }
        *configured = issuers;
    }

    /// Updates the ages to the current time.
    pub(super) fn update_ages(&self) {
        let now = self.clock.now().as_unix_millis();
        for (issuer, at) in &*self.fetched_at.lock() {
            let age = now.saturating_sub(at.as_unix_millis()).max(0) / 1000;
            self.ages.get_or_create(&IssuerLabel { issuer: Arc::clone(issuer) }).set(age);
        }
    }

    fn record_fetch<T>(&self, location: &KeySetLocation, outcome: &Result<T, KeySourceError>) {
        // Held to the end, so that no series is created for an issuer that is being removed.
        let issuers = self.issuers.lock();
        // A request in flight may still fetch from an issuer that is no longer configured.
        let Some(name) = issuers.configured_name(&location.issuer) else { return };
        let issuer: Arc<str> = name.into();
        let [fetched, failed, not_found] = RESULTS;
        let result = match outcome {
            Ok(_) => fetched,
            // An outsider can invent tenants, but not issuers that the settings name.
            Err(KeySourceError::NotFound(_)) if !issuers.is_known(&location.issuer) => not_found,
            Err(_) => failed,
        };
        let labels = FetchLabels { issuer: Arc::clone(&issuer), result };
        self.fetches.get_or_create(&labels).inc();
        if outcome.is_ok() {
            self.fetched_at.lock().insert(issuer, self.clock.now());
        }
    }
}

/// A key source that counts its fetches.
#[derive(Debug)]
pub(crate) struct InstrumentedKeySource {
    source: Arc<dyn KeySource>,
    metrics: Arc<KeyMetrics>,
}

impl InstrumentedKeySource {
    /// Counts the fetches of this source.
    pub(crate) fn new(source: Arc<dyn KeySource>, metrics: Arc<KeyMetrics>) -> Self {
        Self { source, metrics }
    }
}

#[async_trait]
impl KeySource for InstrumentedKeySource {
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        let outcome = self.source.fetch(address).await;
        self.metrics.record_fetch(address, &outcome);
        outcome
    }
}
