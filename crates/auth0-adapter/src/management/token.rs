//! The access token for the Management API, by client credentials (RFC 6749 §4.4).

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use parking_lot::Mutex;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{MalformedResponse, RequestError};
use crate::management::decode::decode_json;
use crate::management::requests::RequestBuilder;
use crate::transport::response::ApiResponse;
use crate::transport::retry::{Attempts, RetryPolicy, Transport};
use concurrency::SingleFlight;

/// How long before its expiry a token is renewed; at most a tenth of its lifetime.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// The time between a failed early renewal and the next one.
const RENEWAL_RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// The minimum time between two invalidations: if every token is rejected, new ones do not help,
/// and Auth0 counts each.
const INVALIDATION_INTERVAL: Duration = Duration::from_secs(5);

/// Holds the current token and fetches the next.
#[derive(Debug)]
pub(crate) struct TokenStore {
    current: Mutex<Option<Arc<AccessToken>>>,
    /// When a token was last invalidated.
    invalidated_at: Mutex<Option<Instant>>,
    single_flight: SingleFlight<RequestError>,
}

/// A token, as the value of the `Authorization` header.
#[derive(Debug)]
pub(crate) struct AccessToken {
    /// Marked as sensitive, so that `Debug` hides it.
    header: HeaderValue,
    /// The scopes it grants, if Auth0 reported them.
    scope: Option<String>,
    renew_at: Mutex<Instant>,
    expires_at: Instant,
}

/// The response of RFC 6749 §5.1. It holds the token, and therefore has no `Debug`.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    /// In seconds.
    expires_in: u32,
    #[serde(default)]
    scope: Option<String>,
}

impl TokenStore {
    pub(crate) fn new() -> Self {
        let single_flight = SingleFlight::new(RequestError::applies_to_waiters);
        Self { current: Mutex::default(), invalidated_at: Mutex::default(), single_flight }
    }

    /// Returns a token that has not expired.
    ///
    /// It may be due for [renewal](Self::renew).
    pub(crate) async fn get(
        &self,
        requests: &RequestBuilder,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<AccessToken>, RequestError> {
        if let Some(token) = self.valid_token() {
            return Ok(token);
        }
        let fetch = self.fetch(requests, transport, RetryPolicy::Always, deadline);
        let joined = self.single_flight.join(deadline, || self.valid_token(), fetch).await;
        joined.map_err(|error| RequestError::NoToken(Arc::new(error.into())))
    }

    /// Fetches the successor of a token. Until then, and if this fails, the old one stays in use.
    pub(crate) async fn renew(
        &self,
        old: &Arc<AccessToken>,
        requests: &RequestBuilder,
        transport: &Transport,
        deadline: Instant,
    ) {
        let renewed = || self.valid_token().filter(|token| !Arc::ptr_eq(token, old));
        let fetch = self.fetch(requests, transport, RetryPolicy::Never, deadline);
        if let Err(error) = self.single_flight.join(deadline, renewed, fetch).await {
            let error = RequestError::from(error);
            tracing::warn!(%error, "token renewal failed; the current token stays in use");
        }
    }

    /// Drops a token that Auth0 rejected, unless it has been replaced already or another was
    /// dropped a moment ago. Returns whether another token may be accepted.
    pub(crate) fn invalidate(&self, token: &Arc<AccessToken>) -> bool {
        let mut current = self.current.lock();
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            return true;
        }
        let mut invalidated_at = self.invalidated_at.lock();
        if invalidated_at.is_some_and(|when| when.elapsed() < INVALIDATION_INTERVAL) {
            return false;
        }
        *invalidated_at = Some(Instant::now());
        *current = None;
        true
    }

    fn valid_token(&self) -> Option<Arc<AccessToken>> {
        let current = self.current.lock();
        current.clone().filter(|token| Instant::now() < token.expires_at)
    }

    async fn fetch(
        &self,
        requests: &RequestBuilder,
        transport: &Transport,
        retry_policy: RetryPolicy,
        deadline: Instant,
    ) -> Result<Arc<AccessToken>, RequestError> {
        // The lifetime is counted from before the request, to be on the safe side.
        let start = Instant::now();
        let read =
            |response: &ApiResponse, now: Timestamp| AccessToken::decode(response, now, start);
        let (request, attempts) = (requests.token(), &mut Attempts::default());
        let response = transport.send(&request, None, retry_policy, deadline, attempts, read);
        let token = Arc::new(response.await?);
        let mut current = self.current.lock();
        *current = Some(Arc::clone(&token));
        Ok(token)
    }
}

impl AccessToken {
    /// Decodes the response to a request sent at `start`.
    pub(crate) fn decode(
        response: &ApiResponse,
        now: Timestamp,
        start: Instant,
    ) -> Result<Self, RequestError> {
        let response: TokenResponse = decode_json(response, now)?;
        if response.access_token.is_empty() {
            return Err(MalformedResponse::Token.into());
        }
        let mut header = HeaderValue::try_from(format!("Bearer {}", response.access_token))
            .map_err(|_| MalformedResponse::Token)?;
        header.set_sensitive(true);
        let life = Duration::from_secs(response.expires_in.into());
        Ok(Self {
            header,
            scope: response.scope,
            renew_at: Mutex::new(start + life - RENEW_BEFORE.min(life / 10)),
            expires_at: start + life,
        })
    }

    /// Returns the value of the `Authorization` header.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// Returns the granted scopes, separated by spaces, if Auth0 reported them.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns true to one caller at a time when the token is due for renewal.
    pub(crate) fn claim_renewal(&self) -> bool {
        let mut renew_at = self.renew_at.lock();
        let now = Instant::now();
        let old = *renew_at <= now;
        if old {
            *renew_at = now + RENEWAL_RETRY_INTERVAL;
        }
        old
    }
}
