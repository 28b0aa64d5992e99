//! The source of token issuers' public keys.

use std::fmt::Debug;

use async_trait::async_trait;
use thiserror::Error;

use crate::error::BoxError;

/// An issuer and the location of its key set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySetLocation {
    /// The issuer, exactly as tokens name it.
    pub issuer: String,
    /// The URL of the key set. Without one, the issuer's discovery document names it (OpenID Connect
    /// Discovery 1.0 §4).
    pub jwks_uri: Option<String>,
    /// Whether the issuer may be in a private network. If not, only public addresses are contacted,
    /// and loopback if the host name says so.
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

/// Why keys could not be fetched. `Display` is for logs, never for clients.
#[derive(Debug, Error)]
pub enum KeySourceError {
    /// The issuer does not exist: its name does not resolve, or it responds so (404, 410).
    #[error("the issuer does not exist")]
    NotFound(#[source] BoxError),
    /// The issuer is unreachable, or its response is an error.
    #[error("the issuer's keys cannot be fetched")]
    Unreachable(#[source] BoxError),
    /// The issuer did not respond in time.
    #[error("fetching the issuer's keys timed out")]
    Timeout,
    /// The issuer's response is invalid.
    #[error("the issuer's response is invalid: {0}")]
    Invalid(String),
}

/// Fetches key sets. Every call is a fetch; the caller decides when to fetch and how long to cache.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait KeySource: Debug + Send + Sync {
    /// Returns the issuer's current keys for verifying signatures.
    ///
    /// Keys of unknown types and keys for encryption are omitted.
    async fn fetch(&self, location: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError>;
}
