//! Who calls: from the text of a bearer token to a [`domain::Bearer`].
//!
//! [`TokenVerifier`] is the way in. In the order in which a token passes them:
//!
//! - `token_cache.rs`: was this very token verified a moment ago, and would it be again?
//! - `verifier.rs`: is it a JWS, and does its header ask for nothing odd?
//! - [`TrustedIssuers`] (`issuers.rs`, `pattern.rs`): is its issuer configured, and is it meant
//!   for us? Nothing is fetched before this.
//! - `claims.rs`, `profile.rs`: is it time, is it an access token, and what does it claim?
//! - `key_cache.rs`, `keys.rs`: which key of the issuer is it?
//! - `verifier.rs` again: is the signature that key's? Only then do the claims come out.
//!
//! Not here: HTTP. A token comes in as text, and what is wrong with it goes out as a
//! [`TokenError`]. Fetching keys is [`ports::KeySource`]'s; deciding what a bearer may do is
//! [`domain`]'s.
//!
//! To add an algorithm: a value of [`Algorithm`], and the kind of key that it fits. To add a
//! source of tenants: a value of [`TenantSource`], and its line in `claims.rs`.

mod algorithm;
mod claims;
mod error;
mod issuers;
mod key_cache;
mod keys;
mod pattern;
mod profile;
pub mod strict_json;
mod token_cache;
mod verifier;

#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use domain::Bearer;
use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use ports::{Clock, KeySource};
use prometheus_client::metrics::counter::Counter;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use error::{Reason, TokenError};
pub use issuers::{InvalidIssuer, Selected, TenantSource, TrustedIssuer, TrustedIssuers};
pub use key_cache::KeyCacheSettings;
pub use pattern::PLACEHOLDER;
pub use profile::{Profile, UnknownProfile};

use claims::Limits;
use key_cache::KeyCache;
use token_cache::{TokenCache, Verified};
use verifier::{Expectations, MAX_BYTES, Unverified};

/// When it is worth asking again for keys that are just being fetched.
const SOON: Duration = Duration::from_secs(1);

/// How tokens are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthSettings {
    /// How far the issuers' clocks may be apart from ours.
    pub leeway: Duration,
    /// How long a token may be good for, so that one that leaks is not good for ever.
    pub max_lifetime: Duration,
    /// How keys are kept.
    pub keys: KeyCacheSettings,
    /// How long a request waits for keys before it is told to come again. Less than a request may
    /// take, so that a slow issuer is not taken for a slow directory.
    pub key_wait: Duration,
    /// About how many verified tokens are remembered.
    pub cached_tokens: usize,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            leeway: Duration::from_secs(5),
            // The most that Auth0 gives a token of a custom API.
            max_lifetime: Duration::from_hours(30 * 24),
            keys: KeyCacheSettings::default(),
            key_wait: Duration::from_secs(5),
            cached_tokens: 10_000,
        }
    }
}

/// Verifies bearer tokens. One for the process, shared.
#[derive(Debug)]
pub struct TokenVerifier {
    issuers: TrustedIssuers,
    keys: KeyCache,
    tokens: TokenCache,
    clock: Arc<dyn Clock>,
    settings: AuthSettings,
    limits: Limits,
    lookups: Lookups,
}

/// How often a token was one that had been verified a moment ago. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    /// It was.
    pub hits: Counter,
    /// It was not.
    pub misses: Counter,
}

impl TokenVerifier {
    /// A verifier that believes these issuers. Nothing is fetched before the first token comes.
    pub fn new(
        issuers: TrustedIssuers,
        keys: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: AuthSettings,
    ) -> Self {
        let keys = KeyCache::new(keys, Arc::clone(&clock), settings.keys);
        Self::over(keys, issuers, clock, settings, Lookups::default())
    }

    /// The same verifier, which counts here.
    #[must_use]
    pub fn counting(self, lookups: Lookups) -> Self {
        Self { lookups, ..self }
    }

    /// A verifier that believes these issuers instead. Keys are kept; of tokens that were verified
    /// under the old ones nothing is.
    #[must_use]
    pub fn with_issuers(&self, issuers: TrustedIssuers) -> Self {
        let (keys, clock) = (self.keys.clone(), Arc::clone(&self.clock));
        Self::over(keys, issuers, clock, self.settings, self.lookups.clone())
    }

    fn over(
        keys: KeyCache,
        issuers: TrustedIssuers,
        clock: Arc<dyn Clock>,
        settings: AuthSettings,
        lookups: Lookups,
    ) -> Self {
        let AuthSettings { leeway, max_lifetime, .. } = settings;
        let limits = Limits { leeway, max_lifetime };
        let tokens = TokenCache::new(settings.cached_tokens);
        Self { issuers, keys, tokens, clock, settings, limits, lookups }
    }

    /// Whether there are keys to verify tokens with: those of one issuer at least, or a template
    /// among the issuers, of which nobody knows what it stands for before a token comes.
    ///
    /// Keys that are missing are fetched, as they would be for a token: so this may be asked as
    /// often as one likes, and a service that has just been started gets its keys by it.
    pub async fn has_keys(&self) -> bool {
        let fixed = self.issuers.all_fixed();
        let mut fetches: Vec<_> =
            fixed.iter().map(|address| Box::pin(self.keys.has_keys(address))).collect();
        // Each is asked once, which begins the fetches that are due. One that has keys is enough,
        // and nobody waits for another one that is silent.
        let mut ready = fixed.is_empty();
        fetches.retain_mut(|fetch| match fetch.now_or_never() {
            Some(has_keys) => {
                ready |= has_keys;
                false
            }
            None => true,
        });
        if ready {
            return true;
        }
        let mut fetches = FuturesUnordered::from_iter(fetches);
        let first = async {
            while let Some(has_keys) = fetches.next().await {
                if has_keys {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(self.settings.key_wait, first).await.unwrap_or(false)
    }

    /// The configured name of the issuer that a token claims to be of, for the log of one that was
    /// not accepted.
    pub fn issuer_of(&self, token: &str) -> Option<String> {
        self.issuers.name_of(Unverified::read(token).ok()?.issuer())
    }

    /// Who bears this token.
    ///
    /// Must be called within a Tokio runtime: fetches run as tasks of their own, so that this may
    /// be dropped at any time without harm to others.
    pub async fn verify(&self, token: &str) -> Result<Arc<Bearer>, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Invalid(Reason::TooLong));
        }
        let now = self.clock.now();
        if let Some(bearer) = self.tokens.get(token, now, self.limits, &self.keys) {
            self.lookups.hits.inc();
            return Ok(bearer);
        }
        self.lookups.misses.inc();
        let unverified = Unverified::read(token).map_err(TokenError::Invalid)?;
        let selected = self
            .issuers
            .select(unverified.issuer(), unverified.audiences())
            .map_err(TokenError::Invalid)?;
        let expectations = Expectations {
            issuer: &selected.address.issuer,
            audience: selected.issuer.audience(),
            algorithms: selected.issuer.algorithms(),
            profile: selected.issuer.profile(),
            machine_clients: selected.issuer.lets_machines_in(),
            limits: self.limits,
        };
        // Before the key is looked for, so that an old token never costs a fetch.
        let checked = unverified.checked(&expectations, now).map_err(TokenError::Invalid)?;
        let wanted = checked.wanted();
        let key =
            tokio::time::timeout(self.settings.key_wait, self.keys.key(&selected.address, &wanted));
        // The fetch is a task of its own, and goes on for whoever comes next.
        let key = key.await.unwrap_or(Err(TokenError::KeysUnavailable { retry_after: SOON }))?;
        let claims = checked.verified_by(&key).map_err(TokenError::Invalid)?;
        let bearer = Arc::new(claims.bearer(&selected).map_err(TokenError::Invalid)?);
        let validity = claims.validity;
        let verified =
            Verified { bearer: Arc::clone(&bearer), validity, address: selected.address, key };
        self.tokens.put(token, verified);
        Ok(bearer)
    }
}

#[cfg(test)]
mod tests;
