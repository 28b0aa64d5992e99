//! Public keys, ready to verify, and the choice among them.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use ports::{Curve, KeyMaterial, PublicKey};

use crate::algorithm::Algorithm;
use crate::error::Reason;

/// One public key of an issuer, ready to verify.
pub(crate) struct VerifyingKey {
    public: PublicKey,
    decoding: DecodingKey,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// The key, unless its parts do not make one.
    pub(crate) fn new(public: PublicKey) -> Option<Self> {
        let decoding = match &public.material {
            KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            KeyMaterial::Ec { curve, x, y } => {
                let length = match curve {
                    Curve::P256 => 32,
                    Curve::P384 => 48,
                };
                if x.len() != length || y.len() != length {
                    return None;
                }
                // SEC 1 §2.3.3: an uncompressed point starts with 4.
                DecodingKey::from_ec_der(&[&[4], x.as_slice(), y.as_slice()].concat())
            }
            KeyMaterial::Ed25519 { x } => DecodingKey::from_ed_der(x),
        };
        Some(Self { public, decoding })
    }

    fn kid(&self) -> Option<&str> {
        self.public.kid.as_deref()
    }

    /// Whether the key can and may sign so (RFC 7517 §4.4).
    fn is_for(&self, algorithm: Algorithm) -> bool {
        algorithm.fits(&self.public.material)
            && self.public.algorithm.as_ref().is_none_or(|name| name == algorithm.as_str())
    }

    /// Whether this is the key that a token asks for.
    pub(crate) fn answers(&self, wanted: &Wanted<'_>) -> bool {
        wanted.kid.is_none_or(|kid| self.kid() == Some(kid)) && self.is_for(wanted.algorithm)
    }

    /// Whether the signature over the message is this key's.
    ///
    /// The provider is named here rather than taken from jsonwebtoken's process-wide default,
    /// which panics if a dependency switches a second one on.
    pub(crate) fn verifies(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> bool {
        (DEFAULT_PROVIDER.verifier_factory)(&algorithm.into(), &self.decoding)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

/// The key that a token asks for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The `kid` of its header.
    pub(crate) kid: Option<&'a str>,
    /// The `alg` of its header, already among those of the issuer.
    pub(crate) algorithm: Algorithm,
}

/// What a key set has for a token.
#[derive(Debug)]
pub(crate) enum Found {
    Key(Arc<VerifyingKey>),
    /// Nothing, but a newer set may have it.
    Nothing,
    /// Nothing that a newer set would mend.
    Unfit(Reason),
}

/// The keys of an issuer, as they were at one time.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Arc<VerifyingKey>>);

impl KeySet {
    /// The set that takes the place of this one. A key that stays keeps its `Arc`, so that others
    /// can tell by the pointer that it is still good.
    pub(crate) fn renewed(&self, keys: Vec<PublicKey>) -> Self {
        let kept = |public: &PublicKey| self.0.iter().find(|key| key.public == *public).cloned();
        let made = |public| VerifyingKey::new(public).map(Arc::new);
        Self(keys.into_iter().filter_map(|public| kept(&public).or_else(|| made(public))).collect())
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them are among those others too.
    pub(crate) fn in_common_with(&self, others: &Self) -> usize {
        self.0.iter().filter(|key| others.holds(key)).count()
    }

    /// Whether this very key is among them.
    pub(crate) fn holds(&self, key: &Arc<VerifyingKey>) -> bool {
        self.0.iter().any(|held| Arc::ptr_eq(held, key))
    }

    /// The key for a token: the one that it names, or, if it names none, the only one there is
    /// for its algorithm. Never is one key tried after another.
    pub(crate) fn find(&self, wanted: &Wanted<'_>) -> Found {
        if wanted.kid.is_some() {
            return match self.0.iter().find(|key| key.kid() == wanted.kid) {
                None => Found::Nothing,
                Some(key) if key.is_for(wanted.algorithm) => Found::Key(Arc::clone(key)),
                Some(_) => Found::Unfit(Reason::KeyMismatch),
            };
        }
        let mut usable = self.0.iter().filter(|key| key.is_for(wanted.algorithm));
        match (usable.next(), usable.next()) {
            (None, _) => Found::Nothing,
            (Some(key), None) => Found::Key(Arc::clone(key)),
            (Some(_), Some(_)) => Found::Unfit(Reason::AmbiguousKey),
        }
    }
}

#[cfg(test)]
mod tests;
