//! Key sets: decoded public keys, and the lookup of a token's key among them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::ParsedPublicKey;
use ports::{Curve, KeyMaterial, PublicKey};

use crate::algorithm::Algorithm;
use crate::error::Reason;

/// A public key of an issuer.
pub(crate) struct VerifyingKey {
    public: PublicKey,
    /// The algorithms of the key, each with the key parsed for it.
    algorithms: Vec<(Algorithm, LazyKey)>,
}

/// A key parsed for an algorithm when the first signature is checked, because parsing costs a good
/// part of a verification. None if the key is not valid.
type LazyKey = OnceLock<Option<ParsedPublicKey>>;

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// Returns `None` if the coordinates have the wrong length.
    pub(crate) fn new(public: PublicKey) -> Option<Self> {
        if let KeyMaterial::Ec { curve, x, y } = &public.material {
            let length = match curve {
                Curve::P256 => 32,
                Curve::P384 => 48,
            };
            if x.len() != length || y.len() != length {
                return None;
            }
        }
        // The type of the key and its `alg` decide which algorithms it has (RFC 7517 §4.4).
        let declared = public.algorithm.as_deref();
        let algorithms = Algorithm::ALL
            .into_iter()
            .filter(|algorithm| algorithm.is_compatible_with(&public.material))
            .filter(|algorithm| {
                declared.is_none_or(|name| Algorithm::from_name(name) == Some(*algorithm))
            })
            .map(|algorithm| (algorithm, LazyKey::new()))
            .collect();
        Some(Self { public, algorithms })
    }

    fn kid(&self) -> Option<&str> {
        self.public.kid.as_deref()
    }

    /// Returns the key for this algorithm, if it is one of the key's.
    fn for_algorithm(&self, algorithm: Algorithm) -> Option<&LazyKey> {
        let entry = self.algorithms.iter().find(|(supported, _)| *supported == algorithm);
        entry.map(|(_, key)| key)
    }

    /// Returns whether this key is one that the query allows.
    pub(crate) fn matches(&self, query: &KeyQuery<'_>) -> bool {
        query.kid.is_none_or(|kid| self.kid() == Some(kid))
            && self.for_algorithm(query.algorithm).is_some()
    }

    /// Returns whether this key made the signature of the message by this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.for_algorithm(algorithm)
            .and_then(|key| key.get_or_init(|| algorithm.parse_key(&self.public.material)).as_ref())
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

/// What a token's header says about its key.
#[derive(Clone, Copy)]
pub(crate) struct KeyQuery<'a> {
    /// `kid`.
    pub(crate) kid: Option<&'a str>,
    /// `alg`, already checked against the issuer's algorithms.
    pub(crate) algorithm: Algorithm,
}

/// The result of a lookup in a key set.
#[derive(Debug)]
pub(crate) enum KeyLookup {
    /// One of these made the signature.
    Found(Vec<Arc<VerifyingKey>>),
    /// No such key; a newer set may have it.
    NotFound,
    /// No key can be used, which a newer set would not change.
    Unsuitable(Reason),
}

/// The number of keys with one `kid` that are tried for a token. Issuers have one or two; the limit
/// bounds the work that a hostile issuer can cause.
const MAX_CANDIDATES: usize = 16;

/// The keys of an issuer at one point in time.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Arc<VerifyingKey>>);

impl KeySet {
    /// Returns the set that replaces this one. An unchanged key keeps its `Arc`, so that a pointer
    /// comparison shows whether a key is still current.
    pub(crate) fn updated(&self, keys: Vec<PublicKey>) -> Self {
        let unchanged =
            |public: &PublicKey| self.0.iter().find(|key| key.public == *public).cloned();
        let decode = |public| VerifyingKey::new(public).map(Arc::new);
        Self(
            keys.into_iter()
                .filter_map(|public| unchanged(&public).or_else(|| decode(public)))
                .collect(),
        )
    }

    /// Returns whether the set has no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of keys.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns how many of the keys are in the other set too.
    pub(crate) fn count_shared_with(&self, other: &Self) -> usize {
        self.0.iter().filter(|key| other.contains(key)).count()
    }

    /// Returns whether exactly this key is in the set.
    pub(crate) fn contains(&self, key: &Arc<VerifyingKey>) -> bool {
        self.0.iter().any(|other| Arc::ptr_eq(other, key))
    }

    /// Returns the keys for a token: those with its `kid` for its algorithm, or without a `kid` the
    /// only one for its algorithm.
    ///
    /// Several keys may share a `kid` (RFC 7517 §4.5): of different types or algorithms, or even of
    /// the same.
    pub(crate) fn find(&self, query: &KeyQuery<'_>) -> KeyLookup {
        let mut matching = self.0.iter().filter(|key| key.matches(query)).cloned();
        if query.kid.is_some() {
            let candidates: Vec<_> = matching.take(MAX_CANDIDATES).collect();
            let has_kid = || self.0.iter().any(|key| key.kid() == query.kid);
            return match candidates.is_empty() {
                false => KeyLookup::Found(candidates),
                true if has_kid() => KeyLookup::Unsuitable(Reason::KeyMismatch),
                true => KeyLookup::NotFound,
            };
        }
        match (matching.next(), matching.next()) {
            (None, _) => KeyLookup::NotFound,
            (Some(key), None) => KeyLookup::Found(vec![key]),
            (Some(_), Some(_)) => KeyLookup::Unsuitable(Reason::AmbiguousKey),
        }
    }
}

#[cfg(test)]
mod tests;
