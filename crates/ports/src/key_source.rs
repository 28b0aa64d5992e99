//! Where the public keys of token issuers come from.

use std::fmt::Debug;

use async_trait::async_trait;
use thiserror::Error;

use crate::error::BoxError;

/// Whose keys, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySetLocation {
    /// The issuer, exactly as tokens name it.
    pub issuer: String,
    /// The key set's own address; without one it is found by the issuer's discovery document
    /// (OpenID Connect Discovery 1.0 §4).
    pub jwks_uri: Option<String>,
    /// Whether the issuer may stand in a private network. Otherwise it is asked only where
    /// everybody could ask it, or on this very machine if its name says so.
    pub private_network: bool,
}

/// One public key of an issuer (RFC 7517), with its parts decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The `kid`.
    pub kid: Option<String>,
    /// The `alg` it is restricted to.
    pub algorithm: Option<String>,
    /// The key itself.
    pub material: KeyMaterial,
}

/// The parts of a public key, big-endian where they are numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMaterial {
    /// `kty` RSA.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// `kty` EC.
    Ec {
        /// The curve.
        curve: Curve,
        /// The x coordinate.
        x: Vec<u8>,
        /// The y coordinate.
        y: Vec<u8>,
    },
    /// `kty` OKP with `crv` Ed25519.
    Ed25519 {
        /// The public key.
        x: Vec<u8>,
    },
}

/// A curve of an elliptic-curve key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// P-256, for ES256.
    P256,
    /// P-384, for ES384.
    P384,
}

/// Why no keys were had. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum KeySourceError {
    /// The issuer cannot be reached, or answers with an error.
    #[error("the issuer's keys cannot be fetched")]
    Unreachable(#[source] BoxError),
    /// The issuer did not answer in time.
    #[error("the issuer's keys did not come in time")]
    Timeout,
    /// The issuer's answer cannot be used.
    #[error("the issuer's answer cannot be used: {0}")]
    Invalid(String),
}

/// Fetches key sets. Every call is a fetch: when to call, and how long to keep the answer, is for
/// the caller to decide.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait KeySource: Debug + Send + Sync {
    /// The keys that can be used to verify signatures of the issuer, as they are now.
    ///
    /// Keys of a kind that Usher does not know, and keys for encryption, are left out.
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError>;
}
