//! The access token for the Management API, by client credentials (RFC 6749 §4.4).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{Failure, Garbage};
use crate::management::decode::json;
use crate::management::requests::Api;
use crate::single_flight::SingleFlight;
use crate::transport::response::Answer;
use crate::transport::retry::{Progress, Safety, Transport};

/// A token is renewed when this much of its life is left, or a tenth of it if that is less.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// How long to leave it after an early renewal that failed.
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
/// How long a token that was dropped protects the next one: where all of them are refused, new ones
/// are no help, and Auth0 counts each.
const DROP_PAUSE: Duration = Duration::from_secs(5);

/// Where calls get their token from.
#[derive(Debug)]
pub(crate) struct Tokens {
    current: Mutex<Option<Arc<Token>>>,
    /// When a token was last dropped.
    dropped: Mutex<Option<Instant>>,
    fetching: SingleFlight<Failure>,
}

/// A token, as the `Authorization` header wants it.
#[derive(Debug)]
pub(crate) struct Token {
    /// Marked as sensitive, so that `Debug` does not show it.
    header: HeaderValue,
    /// What it allows, if Auth0 says.
    scope: Option<String>,
    renew_at: Mutex<Instant>,
    expires_at: Instant,
}

/// The answer of RFC 6749 §5.1. It holds the token, and so has no `Debug`.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    /// Seconds.
    expires_in: u32,
    #[serde(default)]
    scope: Option<String>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        let fetching = SingleFlight::new(Failure::is_common);
        Self { current: Mutex::default(), dropped: Mutex::default(), fetching }
    }

    /// A token that still lives.
    ///
    /// One that has grown old will do; somebody should [renew](Self::renew) it then.
    pub(crate) async fn get(
        &self,
        api: &Api,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<Token>, Failure> {
        if let Some(token) = self.living() {
            return Ok(token);
        }
        let fetch = self.fetch(api, transport, Safety::Repeatable, deadline);
        let joined = self.fetching.join(deadline, || self.living(), fetch).await;
        joined.map_err(|error| Failure::NoToken(Arc::new(error.into())))
    }

    /// Gets the successor of an old token, which is good all the while, and also if this fails.
    pub(crate) async fn renew(
        &self,
        old: &Arc<Token>,
        api: &Api,
        transport: &Transport,
        deadline: Instant,
    ) {
        let renewed = || self.living().filter(|token| !Arc::ptr_eq(token, old));
        let fetch = self.fetch(api, transport, Safety::Once, deadline);
        if let Err(error) = self.fetching.join(deadline, renewed, fetch).await {
            let failure = Failure::from(error);
            tracing::warn!(%failure, "the token was not renewed, the old one is still good");
        }
    }

    /// Forgets a token that Auth0 does not take, unless there is a newer one already, or the last
    /// one was forgotten a moment ago. Answers whether another one may fare better.
    pub(crate) fn forget(&self, token: &Arc<Token>) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.as_ref().is_some_and(|current| Arc::ptr_eq(current, token)) {
            return true;
        }
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        if dropped.is_some_and(|when| when.elapsed() < DROP_PAUSE) {
            return false;
        }
        *dropped = Some(Instant::now());
        *current = None;
        true
    }

    fn living(&self) -> Option<Arc<Token>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|token| Instant::now() < token.expires_at)
    }

    async fn fetch(
        &self,
        api: &Api,
        transport: &Transport,
        safety: Safety,
        deadline: Instant,
    ) -> Result<Arc<Token>, Failure> {
        // Its life is counted from before it was asked for, to be on the safe side.
        let start = Instant::now();
        let read = |answer: &Answer, now: Timestamp| Token::read(answer, now, start);
        let (request, progress) = (api.token(), &mut Progress::default());
        let answer = transport.ask(&request, None, safety, deadline, progress, read);
        let token = Arc::new(answer.await?);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&token));
        Ok(token)
    }
}

impl Token {
    /// The token in an answer to what was asked at `start`.
    pub(crate) fn read(answer: &Answer, now: Timestamp, start: Instant) -> Result<Self, Failure> {
        let answer: TokenAnswer = json(answer, now)?;
        if answer.access_token.is_empty() {
            return Err(Garbage::Token.into());
        }
        let mut header = HeaderValue::try_from(format!("Bearer {}", answer.access_token))
            .map_err(|_| Garbage::Token)?;
        header.set_sensitive(true);
        let life = Duration::from_secs(answer.expires_in.into());
        Ok(Self {
            header,
            scope: answer.scope,
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
    pub(crate) fn is_to_be_renewed(&self) -> bool {
        let mut renew_at = self.renew_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let old = *renew_at <= now;
        if old {
            *renew_at = now + RENEWAL_PAUSE;
        }
        old
    }
}
