//! The key sets of issuers: how often they are fetched, and how old they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, KeySetLocation, KeySource, KeySourceError, PublicKey};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use token_verifier::{TENANT_PLACEHOLDER, TrustedIssuers};

/// What can come of a fetch.
const RESULTS: [&str; 2] = ["fetched", "failed"];

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

/// Counts of fetches, by the issuer as it is configured: with a template, all of its tenants are
/// one, so that their number is nobody's business.
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
            "Times that an issuer's keys were fetched, by the issuer as configured and by result",
            Family::clone(&fetches),
        );
        registry.register(
            "jwks_age_seconds",
            "Time since an issuer's keys were fetched, or since the start; of a template's, since the last \
             ones were",
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

    /// From now on these are the configured issuers; others are not spoken of any more, and what is
    /// counted of those that stay goes on.
    pub(crate) fn configure(&self, issuers: Arc<TrustedIssuers>) {
        let mut configured = lock(&self.issuers);
        let names: BTreeSet<String> = issuers.names().collect();
        for gone in configured.names().filter(|name| !names.contains(name)) {
            let issuer: Arc<str> = gone.into();
            for result in RESULTS {
                self.fetches.remove(&FetchLabels { issuer: Arc::clone(&issuer), result });
            }
            lock(&self.fetched_at).remove(&issuer);
            self.ages.remove(&IssuerLabel { issuer });
        }
        for name in names {
            let issuer: Arc<str> = name.into();
            for result in RESULTS {
                let labels = FetchLabels { issuer: Arc::clone(&issuer), result };
                drop(self.fetches.get_or_create(&labels));
            }
            // Keys that are never had grow older too. Of a template nobody knows whether there are
            // any to be had.
            if !issuer.contains(TENANT_PLACEHOLDER) {
                lock(&self.fetched_at).entry(issuer).or_insert_with(|| self.clock.now());
            }
        }
        *configured = issuers;
    }

    /// Brings the ages up to the present.
    pub(super) fn grow_older(&self) {
        let now = self.clock.now().as_unix_millis();
        for (issuer, at) in &*lock(&self.fetched_at) {
            let age = now.saturating_sub(at.as_unix_millis()).max(0) / 1000;
            self.ages.get_or_create(&IssuerLabel { issuer: Arc::clone(issuer) }).set(age);
        }
    }

    fn ended(&self, address: &KeySetLocation, well: bool) {
        // Held to the end, so that nothing is counted for an issuer that is just being forgotten.
        let issuers = lock(&self.issuers);
        // Issuers that are configured no more may still be asked, by a request under way.
        let Some(name) = issuers.configured_name(&address.issuer) else { return };
        let issuer: Arc<str> = name.into();
        let [fetched, failed] = RESULTS;
        let result = if well { fetched } else { failed };
        let labels = FetchLabels { issuer: Arc::clone(&issuer), result };
        self.fetches.get_or_create(&labels).inc();
        if well {
            lock(&self.fetched_at).insert(issuer, self.clock.now());
        }
    }
}

/// A panic under these locks would be a bug, but not one that should stop every later request.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A source of keys whose fetches are counted.
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
        self.metrics.ended(address, outcome.is_ok());
        outcome
    }
}
