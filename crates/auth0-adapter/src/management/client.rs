//! The calls of Auth0 that are used, each with its types.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{CurrentPassword, EmailAddress, Timestamp, UserId};
use ports::{CallContext, Clock, PortResult};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use tokio::time::Instant;

use crate::config::Auth0Config;
use crate::error::Meaning;
use crate::error::{Failure, Garbage};
use crate::management::decode::{json, success};
use crate::management::error::{CreateFault, Fault};
use crate::management::params::{Repeat, Search};
use crate::management::password_grant::{LogIn, read_log_in};
use crate::management::requests::Api;
use crate::management::token::{Token, Tokens};
use crate::management::wire;
use crate::single_flight::SingleFlight;
use crate::tasks::Tasks;
use crate::transport::call_kind::Kind;
use crate::transport::client::{Client, ClientError};
use crate::transport::request::Outgoing;
use crate::transport::response::Answer;
use crate::transport::retry::{Progress, Safety, Transport};

/// For how long a good answer says that Auth0 is ready.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// For how long a failure says that it is not.
const BAD_FOR: Duration = Duration::from_secs(1);

/// Auth0, as far as it is used. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Management {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    transport: Transport,
    tokens: Tokens,
    api: Api,
    deadline: Duration,
    /// When the Management API last took a token and a call.
    last_good: Mutex<Option<Instant>>,
    probe: SingleFlight<Failure>,
}

impl Management {
    /// Auth0 as configured. Fails if the certificates are none, or the machine has no TLS roots.
    pub(crate) fn new(
        config: &Auth0Config,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, ClientError> {
        let client = Client::new(config, Arc::clone(&tasks.watch))?;
        let transport = Transport::new(client, config.circuit, tasks, clock);
        let inner = Inner {
            transport,
            tokens: Tokens::new(),
            api: Api::of(config),
            deadline: config.deadline,
            last_good: Mutex::new(None),
            probe: SingleFlight::new(Failure::is_common).with_failure_ttl(BAD_FOR),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The secret of the client, from now on.
    pub(crate) fn set_client_secret(&self, secret: SecretString) {
        self.inner.api.set_client_secret(secret);
    }

    /// `GET /users/{id}`, which is immediately consistent.
    pub(crate) async fn user(&self, id: &UserId) -> Result<Option<wire::User>, Fault> {
        let outgoing = self.inner.api.user("GET /api/v2/users/{id}", Method::GET, id);
        match self.call(outgoing, Safety::Repeatable, json).await.map_err(Fault::from) {
            Err(Fault::NotFound) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// `GET /users-by-email`, which is immediately consistent.
    pub(crate) async fn users_by_email(
        &self,
        email: &EmailAddress,
    ) -> Result<Vec<wire::User>, Fault> {
        let outgoing = self.inner.api.users_by_email(email);
        Ok(self.call(outgoing, Safety::Repeatable, json::<wire::Users>).await?.readable)
    }

    /// `GET /users`, which lags behind.
    pub(crate) async fn search(&self, search: &Search) -> Result<wire::UserPage, Fault> {
        let outgoing = self.inner.api.search(search);
        Ok(self.call(outgoing, Safety::Repeatable, json).await?)
    }

    /// `POST /users`.
    pub(crate) async fn create(&self, new: &wire::NewUser) -> Result<wire::User, CreateFault> {
        let outgoing = self.inner.api.create(new);
        Ok(self.call(outgoing, Safety::OnlyIfUnprocessed, json).await?)
    }

    /// `PATCH /users/{id}`.
    pub(crate) async fn patch(
        &self,
        id: &UserId,
        patch: &wire::UserPatch,
        repeat: Repeat,
    ) -> Result<wire::User, Fault> {
        let outgoing = self.inner.api.patch(id, patch);
        let safety = match repeat {
            Repeat::Safe => Safety::Repeatable,
            Repeat::OnlyIfUnprocessed => Safety::OnlyIfUnprocessed,
        };
        Ok(self.call(outgoing, safety, json).await?)
    }

    /// `DELETE /users/{id}`, which succeeds for who is already gone.
    pub(crate) async fn delete(&self, id: &UserId) -> Result<(), Fault> {
        let outgoing = self.inner.api.user("DELETE /api/v2/users/{id}", Method::DELETE, id);
        Ok(self.call(outgoing, Safety::Repeatable, nothing).await?)
    }

    /// Logs in with a password, and throws the tokens away.
    ///
    /// Each attempt counts at Auth0, by address and client, so that none is made twice.
    pub(crate) async fn log_in(
        &self,
        email: &EmailAddress,
        password: &CurrentPassword,
        client: Option<IpAddr>,
    ) -> Result<LogIn, Fault> {
        let outgoing = self.inner.api.log_in(email.as_str(), password.expose(), client);
        let deadline = self.deadline();
        let transport = &self.inner.transport;
        let mut progress = Progress::default();
        let safety = Safety::Once;
        Ok(transport.ask(&outgoing, None, safety, deadline, &mut progress, read_log_in).await?)
    }

    /// Has Auth0 send the mail with the link to set a password.
    pub(crate) async fn send_reset_mail(&self, email: &EmailAddress) -> Result<(), Fault> {
        let outgoing = self.inner.api.reset_mail(email);
        let deadline = self.deadline();
        // The answer is a sentence for people.
        let read = |answer: &Answer, now: Timestamp| success(answer, now).map(|_| ());
        let transport = &self.inner.transport;
        let mut progress = Progress::default();
        let safety = Safety::OnlyIfUnprocessed;
        Ok(transport.ask(&outgoing, None, safety, deadline, &mut progress, read).await?)
    }

    /// Whether Auth0 takes calls.
    ///
    /// What ordinary calls found out a moment ago is good enough. Otherwise an account is asked
    /// for that cannot exist. What matters is whether reads get through: without them nothing does.
    pub(crate) async fn probe(&self) -> PortResult<()> {
        let inner = &*self.inner;
        let breaker = inner.transport.breaker(Kind::Read);
        if let Some(retry_after) = breaker.open_for() {
            return Err(Failure::Open { retry_after }.into());
        }
        // A limit is Auth0's own word: it is there, and takes calls again in a moment.
        if inner.transport.is_limited(Kind::Read) {
            return Ok(());
        }
        let arrival = Instant::now();
        let good_since = |since| {
            let last_good = *inner.last_good.lock().unwrap_or_else(PoisonError::into_inner);
            let good = last_good.is_some_and(|when| since <= when);
            (good && breaker.is_closed()).then_some(())
        };
        let recently = arrival.checked_sub(GOOD_FOR);
        if recently.and_then(good_since).is_some() {
            return Ok(());
        }
        let fetch = async {
            let outgoing = inner.api.probe();
            match self.call(outgoing, Safety::Once, json::<IgnoredAny>).await {
                Err(Failure::Refused(refusal)) if refusal.meaning() == Meaning::NotFound => Ok(()),
                // It is there, and will take calls again in a moment. To say that it is not would
                // help nobody.
                Err(Failure::Limited { .. }) => Ok(()),
                answer => answer.map(|_| ()),
            }
        };
        let there = || good_since(arrival);
        match inner.probe.join(self.deadline(), there, fetch).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Fault::from(Failure::from(error)).into()),
        }
    }

    /// Asks the Management API. A token that it does not take is replaced once.
    async fn call<T: Send>(
        &self,
        outgoing: Outgoing,
        safety: Safety,
        read: impl Fn(&Answer, Timestamp) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        let mut progress = Progress::default();
        let outcome = self.call_on(&outgoing, safety, &mut progress, &read).await;
        let changes = outgoing.method != Method::GET;
        outcome.map_err(|failure| if changes { progress.tell(failure) } else { failure })
    }

    async fn call_on<T: Send>(
        &self,
        outgoing: &Outgoing,
        safety: Safety,
        progress: &mut Progress,
        read: impl Fn(&Answer, Timestamp) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        let inner = &*self.inner;
        let deadline = self.deadline();
        let mut replaced = false;
        loop {
            let token = inner.tokens.get(&inner.api, &inner.transport, deadline).await?;
            if token.is_to_be_renewed() {
                self.renew(&token);
            }
            let authorization = Some(token.header());
            let transport = &inner.transport;
            let outcome =
                transport.ask(outgoing, authorization, safety, deadline, progress, &read).await;
            match &outcome {
                Err(Failure::Refused(refusal)) if refusal.status() == 401 => {
                    if inner.tokens.forget(&token) && !replaced && !progress.is_over() {
                        replaced = true;
                        continue;
                    }
                }
                Err(Failure::Refused(refusal)) if refusal.status() == 403 => {
                    // A scope that was granted since is in the next token only.
                    if refusal.code() == Some("insufficient_scope") {
                        inner.tokens.forget(&token);
                    }
                }
                Ok(_) | Err(Failure::Refused(_)) => {
                    let mut last_good =
                        inner.last_good.lock().unwrap_or_else(PoisonError::into_inner);
                    *last_good = Some(Instant::now());
                }
                Err(_) => {}
            }
            return outcome;
        }
    }

    /// Renews the token beside the calls, none of which has to wait for that.
    fn renew(&self, token: &Arc<Token>) {
        let (inner, token) = (Arc::clone(&self.inner), Arc::clone(token));
        let deadline = Instant::now() + inner.deadline;
        tokio::spawn(async move {
            let Inner { api, transport, .. } = &*inner;
            inner.tokens.renew(&token, api, transport, deadline).await;
        });
    }

    /// When the call has to be over that this is part of.
    fn deadline(&self) -> Instant {
        CallContext::current()
            .map_or_else(|| Instant::now() + self.inner.deadline, |call| call.deadline())
    }
}

/// 204, and nothing else: a page of some proxy in between must not pass for a deletion.
fn nothing(answer: &Answer, now: Timestamp) -> Result<(), Failure> {
    match success(answer, now)?.status {
        StatusCode::NO_CONTENT => Ok(()),
        status => Err(Garbage::Status(status.as_u16()).into()),
    }
}
