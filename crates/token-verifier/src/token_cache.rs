//! The cache of verified tokens.
//!
//! Verifying an RSA signature costs more than the rest of a read, and clients send the same token
//! many times. Only successes are cached: a failure may be temporary, and invalid tokens could fill
//! the cache.
//!
//! The key is the whole text, so that no token can be taken for another. A digest would keep tokens
//! out of memory, but each is in memory anyway while in use, and it would cost a quarter of the
//! instructions of a read (`make bench`).

use std::fmt;
use std::sync::Arc;

use domain::{Bearer, Timestamp};
use ports::KeySetLocation;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::claims::{TimeLimits, Validity};
use crate::key_cache::KeyCache;
use crate::keys::VerifyingKey;

/// The result of a verification, and what it depends on.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) validity: Validity,
    /// The key set that contained the key.
    pub(crate) location: KeySetLocation,
    /// The key that verified the signature.
    pub(crate) key: Arc<VerifyingKey>,
}

/// The cache of verified tokens, bounded by their total length.
pub(crate) struct TokenCache(Cache<Box<str>, Arc<Verified>, ByLength>);

/// Weighs a token by its length, so that long tokens cannot use more memory than planned.
#[derive(Clone)]
struct ByLength;

impl Weighter<Box<str>, Arc<Verified>> for ByLength {
    fn weight(&self, token: &Box<str>, _: &Arc<Verified>) -> u64 {
        token.len() as u64
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

impl TokenCache {
    /// The usual length of an Auth0 access token, in bytes.
    const USUAL_LENGTH: u64 = 1024;

    /// Creates a cache for about `capacity` tokens of the usual length.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Cache::with_weighter(capacity, capacity as u64 * Self::USUAL_LENGTH, ByLength))
    }

    /// Returns the bearer of a cached token, if the token is still valid and its key still current.
    /// So rotation, revocation and expired keys affect cached tokens too.
    pub(crate) fn get(
        &self,
        token: &str,
        now: Timestamp,
        limits: TimeLimits,
        keys: &KeyCache,
    ) -> Option<Arc<Bearer>> {
        let verified = self.0.get(token)?;
        let is_valid = verified.validity.check(now, limits).is_ok()
            && keys.is_current(&verified.location, &verified.key, now);
        if is_valid {
            Some(Arc::clone(&verified.bearer))
        } else {
            self.0.remove(token);
            None
        }
    }

    /// Adds a verified token.
    pub(crate) fn put(&self, token: &str, verified: Verified) {
        self.0.insert(token.into(), Arc::new(verified));
    }
}
