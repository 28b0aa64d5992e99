//! The Management API: one method for each call that is used.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{CurrentPassword, EmailAddress, Timestamp, UserId};
use parking_lot::Mutex;
use ports::{CallContext, Clock, PortResult};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::config::Auth0Config;
use crate::error::{ErrorMeaning, MalformedResponse, RequestError};
use crate::management::decode::{decode_json, decode_with, require_success};
use crate::management::directory_clock::DirectoryClock;
use crate::management::error::{Auth0Error, CreateError};
use crate::management::page_cache::PageCache;
use crate::management::params::{PatchRetry, UserSearch};
use crate::management::password_grant::{PasswordGrantOutcome, decode_password_grant};
use crate::management::requests::RequestBuilder;
use crate::management::search_parts::{is_too_long, search_in_parts};
use crate::management::token::{AccessToken, TokenStore};
use crate::management::wire::{self, Auth0User, UserPage, UserRows, owned_user};
use crate::tasks::Tasks;
use crate::transport::call_kind::CallKind;
use crate::transport::client::{ClientError, HttpClient};
use crate::transport::request::ApiRequest;
use crate::transport::response::ApiResponse;
use crate::transport::retry::{Attempts, RetryPolicy, Transport};
use concurrency::SingleFlight;

/// For how long a successful call counts as proof of readiness.
const SUCCESS_TTL: Duration = Duration::from_secs(5);
/// For how long a failed probe counts as proof of the opposite.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// A client of the Management API. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ManagementClient {
    inner: Arc<ClientState>,
}

#[derive(Debug)]
struct ClientState {
    transport: Transport,
    tokens: TokenStore,
    requests: RequestBuilder,
    deadline: Duration,
    clock: DirectoryClock,
    /// The runtime of tasks that outlive the call that starts them.
    runtime: Handle,
    /// When the Management API last accepted a token and a call.
    last_success: Mutex<Option<Instant>>,
    readiness_probe: SingleFlight<RequestError>,
}

impl ManagementClient {
    /// A client of the configured tenant. Fails if the certificates cannot be read, or if the
    /// machine has no TLS roots.
    pub(crate) fn new(
        config: &Auth0Config,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, ClientError> {
        let client = HttpClient::new(config, tasks.runtime.clone(), Arc::clone(&tasks.observer))?;
        let transport = Transport::new(client, config.circuit_breaker, tasks, clock);
        let inner = ClientState {
            transport,
            tokens: TokenStore::new(),
            requests: RequestBuilder::new(config),
            deadline: config.deadline,
            clock: DirectoryClock::default(),
            runtime: tasks.runtime.clone(),
            last_success: Mutex::new(None),
            readiness_probe: SingleFlight::new(RequestError::applies_to_waiters)
                .with_failure_ttl(FAILURE_TTL),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Replaces the client secret.
    pub(crate) fn set_client_secret(&self, secret: SecretString) {
        self.inner.requests.set_client_secret(secret);
    }

    /// Returns the present time by Auth0's clock, if a response has shown it.
    pub(crate) fn directory_time(&self) -> Option<Timestamp> {
        self.inner.clock.now()
    }

    /// `GET /users/{id}`, which is immediately consistent.
    pub(crate) async fn user(&self, id: &UserId) -> Result<Option<Auth0User<'static>>, Auth0Error> {
        Ok(self.read_user(id, owned_user).await?)
    }

    /// The same, and converts the user while it borrows from the response.
    pub(crate) async fn read_user<T: Send>(
        &self,
        id: &UserId,
        convert: impl Fn(Auth0User<'_>) -> T + Send + Sync,
    ) -> Result<Option<T>, RequestError> {
        let request = self.inner.requests.user("GET /api/v2/users/{id}", Method::GET, id);
        let read = |response: &ApiResponse, now: Timestamp| {
            decode_with(response, now, |body| serde_json::from_slice(body).map(&convert))
        };
        match self.call(request, RetryPolicy::Always, read).await {
            Err(RequestError::Rejected(response))
                if response.meaning() == ErrorMeaning::NotFound =>
            {
                Ok(None)
            }
            response => response.map(Some),
        }
    }

    /// `GET /users-by-email`, which is immediately consistent.
    pub(crate) async fn users_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Vec<Auth0User<'static>>, Auth0Error> {
        let request = self.inner.requests.users_by_email(email);
        let read = |response: &ApiResponse, now: Timestamp| {
            decode_with(response, now, |body| {
                let rows: UserRows<Auth0User<'_>> = serde_json::from_slice(body)?;
                Ok(rows.map(owned_user))
            })
        };
        Ok(self.call(request, RetryPolicy::Always, read).await?.readable)
    }

    /// `GET /users`, which is eventually consistent. A page that is too long is fetched in parts.
    pub(crate) async fn search(
        &self,
        search: &UserSearch,
    ) -> Result<UserPage<Auth0User<'static>>, Auth0Error> {
        Ok(self.read_search(search, owned_user, &()).await?)
    }

    /// The same, and converts each user while it borrows from the response, unless the cache has the
    /// page of the same response.
    pub(crate) async fn read_search<T: Send>(
        &self,
        search: &UserSearch,
        convert: impl Fn(Auth0User<'_>) -> T + Send + Sync,
        cache: &impl PageCache<T>,
    ) -> Result<UserPage<T>, RequestError> {
        let page = self.fetch_page(search, &convert, cache).await;
        match page {
            Err(error) if is_too_long(&error) => {
                let fetch =
                    |part: UserSearch| async move { self.fetch_page(&part, owned_user, &()).await };
                Ok(search_in_parts(search, fetch).await?.map(convert))
            }
            page => page,
        }
    }

    async fn fetch_page<T: Send>(
        &self,
        search: &UserSearch,
        convert: impl Fn(Auth0User<'_>) -> T + Send + Sync,
        cache: &impl PageCache<T>,
    ) -> Result<UserPage<T>, RequestError> {
        let request = self.inner.requests.search(search);
        let read = |response: &ApiResponse, now: Timestamp| {
            decode_with(response, now, |body| {
                if let Some(page) = cache.get(body) {
                    return Ok(page);
                }
                let page: UserPage<Auth0User<'_>> = serde_json::from_slice(body)?;
                let page = page.map(&convert);
                cache.insert(body, &page);
                Ok(page)
            })
        };
        self.call(request, RetryPolicy::Always, read).await
    }

    /// `POST /users`.
    pub(crate) async fn create(
        &self,
        new: &wire::CreateUserBody,
    ) -> Result<Auth0User<'static>, CreateError> {
        let request = self.inner.requests.create(new);
        Ok(self.call(request, RetryPolicy::IfUnprocessed, decode_user).await?)
    }

    /// `PATCH /users/{id}`.
    pub(crate) async fn patch(
        &self,
        id: &UserId,
        patch: &wire::PatchUserBody,
        retry: PatchRetry,
    ) -> Result<Auth0User<'static>, Auth0Error> {
        let request = self.inner.requests.patch(id, patch);
        let retry_policy = match retry {
            PatchRetry::Always => RetryPolicy::Always,
            PatchRetry::IfUnprocessed => RetryPolicy::IfUnprocessed,
        };
        match self.call(request, retry_policy, decode_user).await.map_err(Auth0Error::from) {
            Err(Auth0Error::NotSupported(_)) => Err(Auth0Error::NotSupported(patch.fields())),
            response => response,
        }
    }

    /// `DELETE /users/{id}`, which also succeeds for a deleted account.
    pub(crate) async fn delete(&self, id: &UserId) -> Result<(), Auth0Error> {
        let request = self.inner.requests.user("DELETE /api/v2/users/{id}", Method::DELETE, id);
        Ok(self.call(request, RetryPolicy::Always, decode_no_content).await?)
    }

    /// Checks a password by logging in, and discards the tokens.
    ///
    /// Auth0 counts each attempt by address and client, so it is never retried.
    pub(crate) async fn log_in(
        &self,
        connection: &str,
        email: &EmailAddress,
        password: &CurrentPassword,
        client: Option<IpAddr>,
    ) -> Result<PasswordGrantOutcome, Auth0Error> {
        let (email, password) = (email.as_str(), password.expose());
        let request = self.inner.requests.log_in(connection, email, password, client);
        let deadline = self.deadline();
        let transport = &self.inner.transport;
        let mut attempts = Attempts::default();
        let retry_policy = RetryPolicy::Never;
        Ok(transport
            .send(&request, None, retry_policy, deadline, &mut attempts, decode_password_grant)
            .await?)
    }

    /// Requests an e-mail with a link to set a password.
    pub(crate) async fn send_reset_mail(
        &self,
        connection: &str,
        email: &EmailAddress,
    ) -> Result<(), Auth0Error> {
        let request = self.inner.requests.reset_mail(connection, email);
        let deadline = self.deadline();
        // The body is a sentence for people.
        let read =
            |response: &ApiResponse, now: Timestamp| require_success(response, now).map(|_| ());
        let transport = &self.inner.transport;
        let mut attempts = Attempts::default();
        let retry_policy = RetryPolicy::IfUnprocessed;
        Ok(transport.send(&request, None, retry_policy, deadline, &mut attempts, read).await?)
    }

    /// Requests an e-mail with a link to verify the address (`POST /jobs/verification-email`).
    pub(crate) async fn send_verification_mail(&self, id: &UserId) -> Result<(), Auth0Error> {
        let request = self.inner.requests.verification_mail(id);
        let read =
            |response: &ApiResponse, now: Timestamp| require_success(response, now).map(|_| ());
        Ok(self.call(request, RetryPolicy::IfUnprocessed, read).await?)
    }

    /// Checks whether Auth0 accepts calls.
    ///
    /// A recent successful call suffices. Otherwise this reads an account that cannot exist. Only
    /// reads matter: without them nothing works.
    pub(crate) async fn readiness_probe(&self) -> PortResult<()> {
        let inner = &*self.inner;
        let circuit_breaker = inner.transport.circuit_breaker(CallKind::Read);
        if let Some(retry_after) = circuit_breaker.open_for() {
            return Err(RequestError::CircuitOpen { retry_after }.into());
        }
        // A rate limit shows that Auth0 works and will accept calls again in a moment.
        if inner.transport.is_rate_limited(CallKind::Read) {
            return Ok(());
        }
        let arrival = Instant::now();
        let succeeded_since = |since| {
            let last_success = *inner.last_success.lock();
            let has_succeeded = last_success.is_some_and(|when| since <= when);
            (has_succeeded && circuit_breaker.is_closed()).then_some(())
        };
        let recently = arrival.checked_sub(SUCCESS_TTL);
        if recently.and_then(succeeded_since).is_some() {
            return Ok(());
        }
        let fetch = async {
            let request = inner.requests.readiness_probe();
            match self.call(request, RetryPolicy::Never, decode_json::<IgnoredAny>).await {
                Err(RequestError::Rejected(response))
                    if response.meaning() == ErrorMeaning::NotFound =>
                {
                    Ok(())
                }
                // Auth0 works, and will accept calls again in a moment. Reporting it as not ready
                // would help no caller.
                Err(RequestError::RateLimited { .. }) => Ok(()),
                response => response.map(|_| ()),
            }
        };
        let cached = || succeeded_since(arrival);
        match inner.readiness_probe.join(self.deadline(), cached, fetch).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Auth0Error::from(RequestError::from(error)).into()),
        }
    }

    /// Calls the Management API. A rejected token is replaced once.
    async fn call<T: Send>(
        &self,
        request: ApiRequest,
        retry_policy: RetryPolicy,
        read: impl Fn(&ApiResponse, Timestamp) -> Result<T, RequestError> + Send + Sync,
    ) -> Result<T, RequestError> {
        let mut attempts = Attempts::default();
        let read = |response: &ApiResponse, now: Timestamp| {
            self.inner.clock.observe(&response.headers);
            read(response, now)
        };
        // Boxed, since every operation awaits some calls, and would hold each of them in its future.
        let call = Box::pin(self.call_with_token(&request, retry_policy, &mut attempts, &read));
        let outcome = call.await;
        let changes = request.method != Method::GET;
        outcome.map_err(|error| if changes { attempts.final_error(error) } else { error })
    }

    async fn call_with_token<T: Send>(
        &self,
        request: &ApiRequest,
        retry_policy: RetryPolicy,
        attempts: &mut Attempts,
        read: impl Fn(&ApiResponse, Timestamp) -> Result<T, RequestError> + Send + Sync,
    ) -> Result<T, RequestError> {
        let inner = &*self.inner;
        let deadline = self.deadline();
        let mut replaced = false;
        loop {
            let token = inner.tokens.get(&inner.requests, &inner.transport, deadline).await?;
            if token.claim_renewal() {
                self.renew(&token);
            }
            let authorization = Some(token.header());
            let transport = &inner.transport;
            let outcome = transport
                .send(request, authorization, retry_policy, deadline, attempts, &read)
                .await;
            match &outcome {
                Err(RequestError::Rejected(response)) if response.status() == 401 => {
                    if inner.tokens.invalidate(&token) && !replaced && !attempts.is_exhausted() {
                        replaced = true;
                        continue;
                    }
                }
                Err(RequestError::Rejected(response)) if response.status() == 403 => {
                    // A scope that has been granted since is only in the next token.
                    if response.code() == Some("insufficient_scope") {
                        inner.tokens.invalidate(&token);
                    }
                }
                Ok(_) | Err(RequestError::Rejected(_)) => {
                    let mut last_success = inner.last_success.lock();
                    *last_success = Some(Instant::now());
                }
                Err(_) => {}
            }
            return outcome;
        }
    }

    /// Renews the token in the background, so that no call waits for it.
    fn renew(&self, token: &Arc<AccessToken>) {
        let (inner, token) = (Arc::clone(&self.inner), Arc::clone(token));
        let deadline = Instant::now() + inner.deadline;
        let runtime = self.inner.runtime.clone();
        runtime.spawn(async move {
            let ClientState { requests, transport, .. } = &*inner;
            inner.tokens.renew(&token, requests, transport, deadline).await;
        });
    }

    /// Returns the deadline of the current call.
    fn deadline(&self) -> Instant {
        CallContext::current()
            .map_or_else(|| Instant::now() + self.inner.deadline, |call| call.deadline())
    }
}

fn decode_user(response: &ApiResponse, now: Timestamp) -> Result<Auth0User<'static>, RequestError> {
    decode_with(response, now, |body| serde_json::from_slice(body).map(owned_user))
}

/// Accepts only 204: an intermediary's page must not pass for a deletion.
fn decode_no_content(response: &ApiResponse, now: Timestamp) -> Result<(), RequestError> {
    match require_success(response, now)?.status {
        StatusCode::NO_CONTENT => Ok(()),
        status => Err(MalformedResponse::Status(status.as_u16()).into()),
    }
}
