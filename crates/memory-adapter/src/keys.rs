//! Keys of token issuers that are put there by hand: of the development issuer, and in tests.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use parking_lot::Mutex;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};

/// A source of keys in memory. Issuers are told apart by their names alone.
#[derive(Default)]
pub struct MemoryKeySource {
    issuers: Mutex<BTreeMap<String, Issuer>>,
}

#[derive(Default)]
struct Issuer {
    /// Without keys having been published, there is no such issuer.
    keys: Option<Vec<PublicKey>>,
    failing: bool,
    fetches: u64,
}

impl MemoryKeySource {
    /// A source that knows no issuer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the issuer these keys, in place of those that it had.
    pub fn publish(&self, issuer: &str, keys: Vec<PublicKey>) {
        self.issuers.lock().entry(issuer.to_owned()).or_default().keys = Some(keys);
    }

    /// Makes fetches of the issuer's keys fail, or succeed again.
    pub fn set_failing(&self, issuer: &str, failing: bool) {
        self.issuers.lock().entry(issuer.to_owned()).or_default().failing = failing;
    }

    /// How many times the issuer's keys were asked for, in vain or not.
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
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        let unreachable = |why: &str| Err(KeySourceError::Unreachable(why.into()));
        let mut issuers = self.issuers.lock();
        // Issuers come from tokens: those that nobody put there must not pile up.
        let Some(issuer) = issuers.get_mut(&address.issuer) else {
            return unreachable("no such issuer");
        };
        issuer.fetches += 1;
        match &issuer.keys {
            _ if issuer.failing => unreachable("told to fail"),
            Some(keys) => Ok(keys.clone()),
            None => unreachable("no such issuer"),
        }
    }
}
