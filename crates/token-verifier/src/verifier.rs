//! Verifies tokens: the steps of all other modules, in their order.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Bearer, Timestamp};
use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use ports::{Clock, KeySource};
use prometheus_client::metrics::counter::Counter;

use crate::claims::TimeLimits;
use crate::error::{Reason, TokenError};
use crate::issuers::TrustedIssuers;
use crate::jws::{DecodedToken, Expectations};
use crate::key_cache::{ClientNetwork, KeyCache, KeyCacheSettings, KeyRequest};
use crate::token_cache::{TokenCache, Verified};

/// The `retry_after` of a request that gave up waiting for keys. The fetch goes on.
const RETRY_AFTER_KEY_WAIT: Duration = Duration::from_secs(1);

/// The settings of token verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifierSettings {
    /// The limit on the length of a token. Longer ones are not parsed.
    pub max_token_bytes: usize,
    /// The tolerated difference between the issuers' clocks and ours.
    pub leeway: Duration,
    /// The longest lifetime of a token, which bounds the use of a leaked one.
    pub max_lifetime: Duration,
    /// How long keys are cached.
    pub keys: KeyCacheSettings,
    /// How long a request waits for keys. Should be less than the request timeout, so that a slow
    /// issuer is reported as such.
    pub key_wait: Duration,
    /// About how many verified tokens are cached.
    pub cached_tokens: usize,
}

impl Default for VerifierSettings {
    fn default() -> Self {
        Self {
            max_token_bytes: 16 * 1024,
            leeway: Duration::from_secs(5),
            // The longest lifetime that Auth0 allows for a token of a custom API.
            max_lifetime: Duration::from_hours(30 * 24),
            keys: KeyCacheSettings::default(),
            key_wait: Duration::from_secs(5),
            cached_tokens: 10_000,
        }
    }
}

/// A verifier of bearer tokens, shared by the whole process.
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

/// Counters of lookups in the token cache. Clones share their counts.
#[derive(Debug, Clone, Default)]
pub struct TokenCacheCounters {
    /// Lookups that found a valid token.
    pub hits: Counter,
    /// Other lookups.
    pub misses: Counter,
}

impl TokenVerifier {
    /// Creates a verifier that trusts these issuers. Nothing is fetched before the first token.
    pub fn new(
        issuers: TrustedIssuers,
        keys: Arc<dyn KeySource>,
        clock: Arc<dyn Clock>,
        settings: VerifierSettings,
    ) -> Self {
        let keys = KeyCache::new(keys, Arc::clone(&clock), settings.keys);
        Self::from_parts(keys, issuers, clock, settings, TokenCacheCounters::default())
    }

    /// Sets the counters of lookups in the token cache.
    #[must_use]
    pub fn with_counters(self, counters: TokenCacheCounters) -> Self {
        Self { counters, ..self }
    }

    /// Returns a verifier that trusts these issuers instead. It shares the key cache, and starts
    /// with an empty token cache.
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

    /// Returns whether there are keys to verify tokens with: those of at least one issuer, or a
    /// template, whose issuers are not known before a token names one.
    ///
    /// Missing keys are fetched as they would be for a token. So this can be called at any rate,
    /// and warms up a service that has just started.
    pub async fn has_keys(&self) -> bool {
        let locations = self.issuers.fixed_key_sets();
        let mut pending: Vec<_> =
            locations.iter().map(|location| Box::pin(self.keys.has_keys(location))).collect();
        // The first poll of each starts the fetches that are due. One issuer with keys is enough,
        // and then no other is waited for.
        let mut is_ready = locations.is_empty();
        pending.retain_mut(|has_keys| match has_keys.now_or_never() {
            Some(has_keys) => {
                is_ready |= has_keys;
                false
            }
            None => true,
        });
        if is_ready {
            return true;
        }
        let mut pending = FuturesUnordered::from_iter(pending);
        let any_has_keys = async {
            while let Some(has_keys) = pending.next().await {
                if has_keys {
                    return true;
                }
            }
            false
        };
        tokio::time::timeout(self.settings.key_wait, any_has_keys).await.unwrap_or(false)
    }

    /// Returns the configured name of the issuer that a token claims, for the log of a refusal.
    pub fn issuer_name(&self, token: &str) -> Option<String> {
        if token.len() > self.settings.max_token_bytes {
            return None;
        }
        let decoded = DecodedToken::decode(token).ok()?;
        self.issuers.configured_name(decoded.parse().ok()?.issuer())
    }

    /// Verifies a token and returns its bearer. `client` is the address of the client that sent it.
    ///
    /// Must be called within a Tokio runtime: fetches are tasks of their own, so that dropping this
    /// future does not cancel a fetch that other requests wait for.
    pub async fn verify(
        &self,
        token: &str,
        client: Option<IpAddr>,
    ) -> Result<Arc<Bearer>, TokenError> {
        if token.len() > self.settings.max_token_bytes {
            return Err(TokenError::Invalid(Reason::TooLong));
        }
        let now = self.clock.now();
        if let Some(bearer) = self.tokens.get(token, now, self.limits, &self.keys) {
            self.counters.hits.inc();
            return Ok(bearer);
        }
        self.counters.misses.inc();
        // Boxed, because every request would otherwise make room for its large future.
        Box::pin(self.verify_uncached(token, now, client)).await
    }

    async fn verify_uncached(
        &self,
        token: &str,
        now: Timestamp,
        client: Option<IpAddr>,
    ) -> Result<Arc<Bearer>, TokenError> {
        let decoded = DecodedToken::decode(token).map_err(TokenError::Invalid)?;
        let unverified = decoded.parse().map_err(TokenError::Invalid)?;
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
            permission_claims: selected.issuer.permission_claims(),
            limits: self.limits,
        };
        // Before the key is looked up, so that an expired token never causes a fetch.
        let checked = unverified.check(&expectations, now).map_err(TokenError::Invalid)?;
        let query = checked.key_query();
        let request = KeyRequest {
            location: &selected.location,
            is_known: selected.is_known,
            client: ClientNetwork::of(client),
        };
        let keys = self.keys.keys(request, &query);
        let (issuer, keys) = tokio::time::timeout(self.settings.key_wait, keys)
            .await
            .unwrap_or(Err(TokenError::KeysUnavailable { retry_after: RETRY_AFTER_KEY_WAIT }))?;
        let (claims, key) = checked.verify_signature(&keys).map_err(TokenError::Invalid)?;
        let bearer = Arc::new(claims.to_bearer(&selected).map_err(TokenError::Invalid)?);
        let verified =
            Verified { bearer: Arc::clone(&bearer), validity: claims.validity, issuer, key };
        self.tokens.put(token, verified);
        Ok(bearer)
    }
}

#[cfg(test)]
mod tests;
