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
pub use issuers::{InvalidIssuer, SelectedIssuer, TenantSource, TrustedIssuer, TrustedIssuers};
pub use key_cache::KeyCacheSettings;
pub use pattern::TENANT_PLACEHOLDER;
pub use profile::{Profile, UnknownProfile};

use claims::TimeLimits;
use key_cache::KeyCache;
use token_cache::{TokenCache, Verified};
use verifier::{Expectations, MAX_TOKEN_BYTES, UnverifiedToken};

/// When it is worth asking again for keys that are just being fetched.
const RETRY_AFTER_KEY_WAIT: Duration = Duration::from_secs(1);

/// How tokens are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifierSettings {
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

impl Default for VerifierSettings {
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
    settings: VerifierSettings,
    limits: TimeLimits,
    counters: TokenCacheCounters,
}

/// How often a token was one that had been verified a moment ago. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct TokenCacheCounters {
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
        settings: VerifierSettings,
    ) -> Self {
        let keys = KeyCache::new(keys, Arc::clone(&clock), settings.keys);
        Self::from_parts(keys, issuers, clock, settings, TokenCacheCounters::default())
    }

    /// The same verifier, which counts here.
    #[must_use]
    pub fn with_counters(self, counters: TokenCacheCounters) -> Self {
        Self { counters, ..self }
    }

    /// A verifier that believes these issuers instead. Keys are kept; of tokens that were verified
    /// under the old ones nothing is.
    #[must_use]
    pub fn with_issuers(&self, issuers: TrustedIssuers) -> Self {
        let (keys, clock) = (self.keys.clone(), Arc::clone(&self.clock));
        Self::from_parts(keys, issuers, clock, self.settings, self.counters.clone())
    }

    fn from_parts(
        keys: KeyCache,
        issuers: TrustedIssuers,
        clock: Arc<dyn Clock>,
        settings: VerifierSettings,
        counters: TokenCacheCounters,
    ) -> Self {
        let VerifierSettings { leeway, max_lifetime, .. } = settings;
        let limits = TimeLimits { leeway, max_lifetime };
        let tokens = TokenCache::new(settings.cached_tokens);
        Self { issuers, keys, tokens, clock, settings, limits, counters }
    }

    /// Whether there are keys to verify tokens with: those of one issuer at least, or a template
    /// among the issuers, of which nobody knows what it stands for before a token comes.
    ///
    /// Keys that are missing are fetched, as they would be for a token: so this may be asked as
    /// often as one likes, and a service that has just been started gets its keys by it.
    pub async fn has_keys(&self) -> bool {
        let fixed = self.issuers.fixed_key_sets();
        let mut fetches: Vec<_> =
            fixed.iter().map(|location| Box::pin(self.keys.has_keys(location))).collect();
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
    pub fn issuer_name(&self, token: &str) -> Option<String> {
        self.issuers.configured_name(UnverifiedToken::parse(token).ok()?.issuer())
    }

    /// Who bears this token.
    ///
    /// Must be called within a Tokio runtime: fetches run as tasks of their own, so that this may
    /// be dropped at any time without harm to others.
    pub async fn verify(&self, token: &str) -> Result<Arc<Bearer>, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid(Reason::TooLong));
        }
        let now = self.clock.now();
        if let Some(bearer) = self.tokens.get(token, now, self.limits, &self.keys) {
            self.counters.hits.inc();
            return Ok(bearer);
        }
        self.counters.misses.inc();
        let unverified = UnverifiedToken::parse(token).map_err(TokenError::Invalid)?;
        let selected = self
            .issuers
            .select(unverified.issuer(), unverified.audiences())
            .map_err(TokenError::Invalid)?;
        let expectations = Expectations {
            issuer: &selected.location.issuer,
            audience: selected.issuer.audience(),
            algorithms: selected.issuer.algorithms(),
            profile: selected.issuer.profile(),
            machine_clients: selected.issuer.allows_machine_clients(),
            limits: self.limits,
        };
        // Before the key is looked for, so that an old token never costs a fetch.
        let checked = unverified.check(&expectations, now).map_err(TokenError::Invalid)?;
        let query = checked.key_query();
        let key =
            tokio::time::timeout(self.settings.key_wait, self.keys.key(&selected.location, &query));
        // The fetch is a task of its own, and goes on for whoever comes next.
        let key = key
            .await
            .unwrap_or(Err(TokenError::KeysUnavailable { retry_after: RETRY_AFTER_KEY_WAIT }))?;
        let claims = checked.verify_signature(&key).map_err(TokenError::Invalid)?;
        let bearer = Arc::new(claims.to_bearer(&selected).map_err(TokenError::Invalid)?);
        let validity = claims.validity;
        let verified =
            Verified { bearer: Arc::clone(&bearer), validity, location: selected.location, key };
        self.tokens.put(token, verified);
        Ok(bearer)
    }
}

#[cfg(test)]
mod tests;
