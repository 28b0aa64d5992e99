//! Key sets of token issuers, fetched over HTTP: OpenID Connect discovery and JWKS.
//!
//! - [`OidcKeySource`] is a [`ports::KeySource`]. Every call is a fetch; caching, cooldown and
//!   back-off are for the caller.
//! - `client.rs` builds the one HTTP client, with its limits, and has the one function that sends.
//! - `address.rs` says which addresses may be asked at all, `reach.rs` how far a name may lead;
//!   `resolver.rs` holds the client to it.
//! - `discovery.rs` finds the key set of an issuer (OpenID Connect Discovery 1.0 §4).
//! - `key_set.rs` reads a key set (RFC 7517) and drops what cannot verify a signature.
//!
//! What an issuer answers is hostile until shown otherwise: no redirect is followed, size and time
//! are limited, and nothing of an answer gets into an error or a log.
//!
//! Private networks are asked for issuers that are configured so; link-local addresses, where
//! clouds keep their machines' secrets, never.
//!
//! To know one more kind of key: add it to [`ports::KeyMaterial`] and read it in `key_set.rs`; the
//! verifier then has to say which algorithms fit it.

#![warn(clippy::future_not_send)]

mod address;
mod client;
mod discovery;
mod key_set;
mod reach;
mod resolver;

use async_trait::async_trait;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};

pub use client::{ClientError, OidcSettings};

use crate::address::SafeUrl;
use crate::client::Client;

/// Fetches key sets over HTTP.
#[derive(Debug, Clone)]
pub struct OidcKeySource {
    client: Client,
}

impl OidcKeySource {
    /// A source with these limits. Fails if the machine's TLS roots cannot be had.
    pub fn new(settings: OidcSettings) -> Result<Self, ClientError> {
        Ok(Self { client: Client::new(settings, &resolver::by_the_machine())? })
    }
}

#[async_trait]
impl KeySource for OidcKeySource {
    async fn fetch(&self, address: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        // Both are looked at before anything is sent, although with a `jwks_uri` the issuer's own
        // address is not asked: a key set is only as good as the name it stands for.
        let issuer = SafeUrl::of_issuer(&address.issuer, address.private_network)?;
        let key_set = match &address.jwks_uri {
            Some(jwks_uri) => SafeUrl::of_key_set(jwks_uri, address.private_network)?,
            None => discovery::key_set_of(&self.client, &address.issuer, &issuer).await?,
        };
        key_set::read(&self.client.get(key_set).await?)
    }
}
