//! Key sets of token issuers, fetched over HTTP: OpenID Connect discovery and JWKS.
//!
//! - [`OidcKeySource`] implements [`ports::KeySource`]. Every call is a fetch; caching, cooldown
//!   and back-off are up to the caller.
//! - `client.rs` builds the HTTP clients with their limits and sends all requests.
//! - `allowed_url.rs` checks URLs, `network_policy.rs` classifies IP addresses, and `resolver.rs`
//!   applies the policy to resolved names.
//! - `discovery.rs` finds the key set of an issuer (OpenID Connect Discovery 1.0 §4).
//! - `key_set.rs` parses a key set (RFC 7517) and drops keys that cannot verify a signature.
//!
//! Responses are untrusted: redirects are not followed, size and time are limited, and no part of
//! a response gets into an error or a log.
//!
//! Private networks are contacted only for issuers configured with `private_network`; link-local
//! addresses, which cloud metadata services use, never.
//!
//! To support another key type, add it to [`ports::KeyMaterial`] and parse it in `key_set.rs`; the
//! token verifier then maps it to algorithms.

#![warn(clippy::future_not_send)]

mod allowed_url;
mod client;
mod discovery;
mod key_set;
mod network_policy;
mod resolver;

use async_trait::async_trait;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};

pub use client::{ClientError, OidcSettings};

use crate::allowed_url::AllowedUrl;
use crate::client::Client;

/// Fetches key sets over HTTP.
#[derive(Debug, Clone)]
pub struct OidcKeySource {
    client: Client,
}

impl OidcKeySource {
    /// Returns a source with these limits.
    pub fn new(settings: OidcSettings) -> Self {
        Self { client: Client::new(settings, &resolver::system_lookup()) }
    }

    /// Loads the machine's root certificates, as the first fetch over TLS does otherwise. Takes
    /// milliseconds.
    ///
    /// # Errors
    /// When the certificates cannot be loaded.
    pub fn prepare_tls(&self) -> Result<(), ClientError> {
        self.client.prepare_tls()
    }
}

#[async_trait]
impl KeySource for OidcKeySource {
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        // The issuer is checked even if `jwks_uri` is configured and the issuer's own URL is not
        // requested: the keys are trusted under its name.
        let issuer = AllowedUrl::for_issuer(&address.issuer, address.private_network)?;
        let key_set = match &address.jwks_uri {
            Some(jwks_uri) => AllowedUrl::for_key_set(jwks_uri, address.private_network)?,
            None => discovery::discover_key_set(&self.client, &address.issuer, &issuer).await?,
        };
        key_set::parse(&self.client.get(key_set).await?)
    }
}
