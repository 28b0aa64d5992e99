//! The cache of verified tokens.
//!
//! Verifying an RSA signature costs more than the rest of a read, and clients send the same token
//! many times. Only successes are cached: a failure may be temporary, and invalid tokens could fill
//! the cache.
//!
//! The key is the whole text, so that no token can be taken for another. A digest would keep tokens
//! out of memory, but each is in memory anyway while in use, and it would cost a quarter of the
//! instructions of a read (`make bench`).
//!
//! The hash is fast, not cryptographic, and has a random seed. Only tokens that an issuer signed are
//! hashed into the cache, so nobody can fill it with collisions. A lookup compares the text only with
//! tokens of the same hash. Its time could show how long a common prefix is, but only to somebody who
//! finds such texts for every guess, without knowing the seed; and what is unknown of a token is its
//! signature, which no guess of a few bytes brings closer.

use std::fmt;
use std::sync::Arc;

use domain::{Bearer, Timestamp};
use foldhash::quality::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::claims::{TimeLimits, Validity};
use crate::key_cache::{CachedIssuer, KeyCache};
use crate::keys::VerifyingKey;

/// The result of a verification, and what it depends on.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) validity: Validity,
    /// The issuer whose key set contained the key.
    pub(crate) issuer: Arc<CachedIssuer>,
    /// The key that verified the signature.
    pub(crate) key: Arc<VerifyingKey>,
}

/// The cache of verified tokens, bounded by their total length.
pub(crate) struct TokenCache(Cache<Box<str>, Arc<Verified>, ByLength, RandomState>);

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
        let weight = capacity as u64 * Self::USUAL_LENGTH;
        let (hasher, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        Self(Cache::with(capacity, weight, ByLength, hasher, lifecycle))
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
            && keys.is_current(&verified.issuer, &verified.key, now);
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
