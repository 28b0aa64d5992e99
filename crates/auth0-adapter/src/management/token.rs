//! The access token for the Management API, by client credentials (RFC 6749 §4.4).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{MalformedResponse, RequestError};
use crate::management::decode::decode_json;
use crate::management::requests::RequestBuilder;
use crate::single_flight::SingleFlight;
use crate::transport::response::ApiResponse;
use crate::transport::retry::{Attempts, RetryPolicy, Transport};

/// A token is renewed when this much of its life is left, or a tenth of it if that is less.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// How long to leave it after an early renewal that failed.
const RENEWAL_RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// How long a token that was dropped protects the next one: where all of them are refused, new ones
/// are no help, and Auth0 counts each.
const INVALIDATION_INTERVAL: Duration = Duration::from_secs(5);

/// Where calls get their token from.
#[derive(Debug)]
pub(crate) struct TokenStore {
    current: Mutex<Option<Arc<AccessToken>>>,
    /// When a token was last dropped.
    invalidated_at: Mutex<Option<Instant>>,
    single_flight: SingleFlight<RequestError>,
}

/// A token, as the `Authorization` header wants it.
#[derive(Debug)]
pub(crate) struct AccessToken {
    /// Marked as sensitive, so that `Debug` does not show it.
    header: HeaderValue,
    /// What it allows, if Auth0 says.
    scope: Option<String>,
    renew_at: Mutex<Instant>,
    expires_at: Instant,
}

/// The answer of RFC 6749 §5.1. It holds the token, and so has no `Debug`.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    /// Seconds.
    expires_in: u32,
    #[serde(default)]
    scope: Option<String>,
}

impl TokenStore {
    pub(crate) fn new() -> Self {
        let single_flight = SingleFlight::new(RequestError::applies_to_waiters);
        Self { current: Mutex::default(), invalidated_at: Mutex::default(), single_flight }
    }

    /// A token that still lives.
    ///
    /// One that has grown old will do; somebody should [renew](Self::renew) it then.
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

    /// Gets the successor of an old token, which is good all the while, and also if this fails.
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
            tracing::warn!(%error, "the token was not renewed, the old one is still good");
        }
    }

    /// Forgets a token that Auth0 does not take, unless there is a newer one already, or the last
    /// one was forgotten a moment ago. Answers whether another one may fare better.
    pub(crate) fn invalidate(&self, token: &Arc<AccessToken>) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            return true;
        }
        let mut invalidated_at = self.invalidated_at.lock().unwrap_or_else(PoisonError::into_inner);
        if invalidated_at.is_some_and(|when| when.elapsed() < INVALIDATION_INTERVAL) {
            return false;
        }
        *invalidated_at = Some(Instant::now());
        *current = None;
        true
    }

    fn valid_token(&self) -> Option<Arc<AccessToken>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|token| Instant::now() < token.expires_at)
    }

    async fn fetch(
        &self,
        requests: &RequestBuilder,
        transport: &Transport,
        retry_policy: RetryPolicy,
        deadline: Instant,
    ) -> Result<Arc<AccessToken>, RequestError> {
        // Its life is counted from before it was asked for, to be on the safe side.
        let start = Instant::now();
        let read =
            |response: &ApiResponse, now: Timestamp| AccessToken::decode(response, now, start);
        let (request, attempts) = (requests.token(), &mut Attempts::default());
        let response = transport.send(&request, None, retry_policy, deadline, attempts, read);
        let token = Arc::new(response.await?);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&token));
        Ok(token)
    }
}

impl AccessToken {
    /// The token in an answer to what was asked at `start`.
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

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The scopes that it stands for, separated by spaces, if Auth0 said.
    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Whether it has grown old, and it is up to this caller to renew it: nobody else is told for
    /// a while.
    pub(crate) fn claim_renewal(&self) -> bool {
        let mut renew_at = self.renew_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let old = *renew_at <= now;
        if old {
            *renew_at = now + RENEWAL_RETRY_INTERVAL;
        }
        old
    }
}
