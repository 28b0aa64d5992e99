//! Keys of token issuers published by code: of the development issuer, and in tests.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use parking_lot::Mutex;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};

/// A key source in memory. Issuers are identified by name alone.
#[derive(Default)]
pub struct MemoryKeySource {
    issuers: Mutex<BTreeMap<String, Issuer>>,
}

#[derive(Default)]
struct Issuer {
    /// None until keys are published; the issuer is unknown until then.
    keys: Option<Vec<PublicKey>>,
    failing: bool,
    fetches: u64,
}

impl MemoryKeySource {
    /// Returns a source without issuers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the keys of the issuer.
    pub fn publish(&self, issuer: &str, keys: Vec<PublicKey>) {
        self.issuers.lock().entry(issuer.to_owned()).or_default().keys = Some(keys);
    }

    /// Makes fetches of the issuer's keys fail, or succeed again.
    pub fn set_failing(&self, issuer: &str, failing: bool) {
        self.issuers.lock().entry(issuer.to_owned()).or_default().failing = failing;
    }

    /// Returns how often the issuer's keys were fetched, failures included.
    pub fn fetches(&self, issuer: &str) -> u64 {
        self.issuers.lock().get(issuer).map_or(0, |issuer| issuer.fetches)
    }
}

impl fmt::Debug for MemoryKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeySource").finish_non_exhaustive()
    }
}

#[async_trait]
impl KeySource for MemoryKeySource {
    async fn fetch(&self, location: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        let not_found = || Err(KeySourceError::NotFound("it has published no keys".into()));
        let mut issuers = self.issuers.lock();
        // Issuer names come from tokens, so unknown ones must not be stored.
        let Some(issuer) = issuers.get_mut(&location.issuer) else {
            return not_found();
        };
        issuer.fetches += 1;
        match &issuer.keys {
            _ if issuer.failing => Err(KeySourceError::Unreachable("set to fail".into())),
            Some(keys) => Ok(keys.clone()),
            None => not_found(),
        }
    }
}
