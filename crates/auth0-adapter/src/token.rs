//! The access token for the Management API, by client credentials (RFC 6749 §4.4).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::client::{Answer, Outgoing};
use crate::config::Auth0Config;
use crate::error::{Failure, Garbage};
use crate::flight::Flight;
use crate::retry::{Safety, Transport, json};

/// A token is renewed when this much of its life is left, or a tenth of it if that is less.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// How long to leave it after an early renewal that failed.
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);

/// Where calls get their token from.
#[derive(Debug)]
pub(crate) struct Tokens {
    request: Credentials,
    current: Mutex<Option<Arc<Token>>>,
    flight: Flight,
}

/// The request for a token. It holds the client's secret, and so shows nothing.
struct Credentials(Outgoing);

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

#[derive(Serialize)]
struct TokenRequest<'a> {
    grant_type: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
    audience: &'a str,
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
    pub(crate) fn new(config: &Auth0Config) -> Self {
        let body = TokenRequest {
            grant_type: "client_credentials",
            client_id: &config.client_id,
            client_secret: config.client_secret.expose_secret(),
            audience: &config.audience,
        };
        let json = HeaderValue::from_static("application/json");
        Self {
            request: Credentials(Outgoing {
                route: "POST /oauth/token client_credentials",
                method: Method::POST,
                url: config.domain.at(&["oauth", "token"]),
                headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
                body: serde_json::to_vec(&body).ok(),
            }),
            current: Mutex::new(None),
            flight: Flight::default(),
        }
    }

    /// The request for a token.
    pub(crate) fn request(&self) -> &Outgoing {
        &self.request.0
    }

    /// A token that still lives.
    ///
    /// Who comes first after it has grown old renews it, while the others go on with the old one;
    /// should that fail, so does who came first.
    pub(crate) async fn get(
        &self,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<Token>, Failure> {
        let Some(token) = self.living() else {
            let fetch = self.fetch(transport, Safety::Repeatable, deadline);
            return self.flight.join(deadline, || self.living(), fetch).await.map_err(no_token);
        };
        if !token.is_old() {
            return Ok(token);
        }
        let Some(_turn) = self.flight.turn() else { return Ok(token) };
        // Whoever had the turn before may have renewed it.
        if let Some(token) = self.living()
            && !token.is_old()
        {
            return Ok(token);
        }
        token.leave_alone();
        match self.fetch(transport, Safety::Once, deadline).await {
            Ok(renewed) => Ok(renewed),
            Err(failure) => {
                tracing::warn!(%failure, "the token was not renewed, the old one is still good");
                Ok(token)
            }
        }
    }

    /// Forgets a token that Auth0 does not take, unless there is a newer one already.
    pub(crate) fn forget(&self, token: &Arc<Token>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|current| Arc::ptr_eq(current, token));
    }

    fn living(&self) -> Option<Arc<Token>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone().filter(|token| Instant::now() < token.expires_at)
    }

    async fn fetch(
        &self,
        transport: &Transport,
        safety: Safety,
        deadline: Instant,
    ) -> Result<Arc<Token>, Failure> {
        // Its life is counted from before it was asked for, to be on the safe side.
        let start = Instant::now();
        let read = |answer: &Answer, now: Timestamp| Token::read(answer, now, start);
        let token = Arc::new(transport.ask(&self.request.0, None, safety, deadline, read).await?);
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

    fn is_old(&self) -> bool {
        *self.renew_at.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }

    fn leave_alone(&self) {
        let mut renew_at = self.renew_at.lock().unwrap_or_else(PoisonError::into_inner);
        *renew_at = Instant::now() + RENEWAL_PAUSE;
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

fn no_token(failure: Failure) -> Failure {
    Failure::NoToken(Arc::new(failure))
}
