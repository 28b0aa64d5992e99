//! Tokens that were verified a moment ago.
//!
//! Verifying an RSA signature costs more than all the rest of a read, and a client shows the same
//! token again and again. Only successes are remembered: a failure may heal, and would let
//! strangers fill the cache.
//!
//! Tokens are found by their whole text, so that none can be taken for another. A digest would
//! keep them out of the process's memory, where each is anyway while it is in use, and it would
//! cost a quarter of the instructions of a whole read (`make bench`).

use std::fmt;
use std::sync::Arc;

use domain::{Bearer, Timestamp};
use ports::KeySetLocation;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::claims::{Limits, Validity};
use crate::key_cache::KeyCache;
use crate::keys::VerifyingKey;

/// What verifying a token came to, and what that hangs on.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) validity: Validity,
    /// Whose key it was.
    pub(crate) address: KeySetLocation,
    /// The key that it was verified with.
    pub(crate) key: Arc<VerifyingKey>,
}

/// The most useful of the tokens that were verified.
pub(crate) struct TokenCache(Cache<Box<str>, Arc<Verified>, ByLength>);

/// A token takes as much of the cache as it takes of memory, so that long ones cannot fill it.
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
    /// What a token of an Auth0 tenant usually has, roundly.
    const USUAL_LENGTH: u64 = 1024;

    /// A cache for about so many tokens of the usual length.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Cache::with_weighter(capacity, capacity as u64 * Self::USUAL_LENGTH, ByLength))
    }

    /// The bearer of a token that was verified before and would be again now: its time has not
    /// passed, and its issuer still has that very key. So rotation, revocation and an issuer that
    /// is gone for too long act on remembered tokens too.
    pub(crate) fn get(
        &self,
        token: &str,
        now: Timestamp,
        limits: Limits,
        keys: &KeyCache,
    ) -> Option<Arc<Bearer>> {
        let verified = self.0.get(token)?;
        let good = verified.validity.check(now, limits).is_ok()
            && keys.holds(&verified.address, &verified.key, now);
        if good {
            Some(Arc::clone(&verified.bearer))
        } else {
            self.0.remove(token);
            None
        }
    }

    pub(crate) fn put(&self, token: &str, verified: Verified) {
        self.0.insert(token.into(), Arc::new(verified));
    }
}
