//! Signing keys and tokens for tests, behind the feature `testing`.
//!
//! ```
//! use serde_json::json;
//! use token_verifier::testing::{SigningKey, TokenClaims};
//!
//! let key = SigningKey::ed25519("key-1");
//! let published = key.public(); // what the issuer's key source returns
//! let claims = TokenClaims::new("https://issuer.example/", "user-management", 1_800_000_000);
//! let token = claims.with("scope", json!("tenant.access:read")).sign(&key);
//! # assert_eq!((published.kid.as_deref(), token.split('.').count()), (Some("key-1"), 3));
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a failed step ends the test"
)]

#[cfg(test)]
mod clock;
#[cfg(test)]
mod key_source;
mod signing_key;
#[cfg(test)]
mod token_builder;
mod token_claims;

pub use signing_key::SigningKey;
pub use token_claims::TokenClaims;

#[cfg(test)]
pub(crate) use clock::{START_SECONDS, clock_at_start};
#[cfg(test)]
pub(crate) use key_source::{FakeKeySource, settle};
#[cfg(test)]
pub(crate) use signing_key::base64;
#[cfg(test)]
pub(crate) use token_builder::{
    AUDIENCE, ISSUER, KID, TokenBuilder, ed25519, other_rsa, p256, p384, rsa,
};
