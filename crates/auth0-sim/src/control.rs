//! The way to look inside a stand-in and to change its behaviour.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::calls::Recorded;
use crate::faults::Fault;
use crate::keys::KeyError;
use crate::mail::Mail;
use crate::oauth::tokens::{self, Claims};
use crate::server::Shared;
use crate::state::State;
use crate::switches::Switches;

/// Looks inside a stand-in and changes its behaviour. Clones are about the same one.
#[derive(Debug, Clone)]
pub struct Control(Arc<Shared>);

/// A user that cannot be put there.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SeedError(String);

/// A token could not be signed.
#[derive(Debug, Error)]
#[error("the token cannot be signed")]
pub struct SigningError;

impl From<KeyError> for SigningError {
    fn from(_: KeyError) -> Self {
        Self
    }
}

/// An access token as a person gets it by logging in, which this stand-in has no pages for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserToken {
    /// `sub`.
    pub user_id: String,
    /// `aud`: text if it is one, a list if it is several.
    pub audience: Vec<String>,
    /// `azp`, or `client_id` in the RFC 9068 profile.
    pub client_id: String,
    /// `scope`.
    pub scope: String,
    /// `org_id`, of a login to an organization.
    pub organization: Option<String>,
    /// `permissions`, of an API that adds them.
    pub permissions: Option<Vec<String>>,
    /// How many seconds it lasts; it may have ended long ago.
    pub lifetime_seconds: i64,
    /// Claims besides, which go over those from above.
    pub claims: Map<String, Value>,
}

impl Default for UserToken {
    fn default() -> Self {
        Self {
            user_id: "auth0|0123456789abcdef01234567".to_owned(),
            audience: vec!["https://api.example".to_owned()],
            client_id: "usher".to_owned(),
            scope: "openid profile email".to_owned(),
            organization: None,
            permissions: None,
            lifetime_seconds: 86_400,
            claims: Map::new(),
        }
    }
}

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserToken").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The switches as they stand.
    pub fn switches(&self) -> Switches {
        self.0.lock().switches.clone()
    }

    /// Puts all switches at once.
    pub fn set_switches(&self, switches: Switches) {
        self.0.lock().switches = switches;
    }

    /// Changes switches.
    pub fn update(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.0.lock().switches);
    }

    /// Puts a user there, as the Management API shows users, with `password` besides. What is given
    /// is taken as given, such as `user_id`, `created_at` or `logins_count`; what is not given gets
    /// the defaults of a new user. The search index has the user at once.
    pub fn seed(&self, user: Value) -> Result<String, SeedError> {
        seed(&mut self.0.lock(), user)
    }

    /// A user as stored, whatever the index says.
    pub fn user(&self, id: &str) -> Option<Value> {
        self.0.lock().users.show(id)
    }

    /// All users as stored.
    pub fn users(&self) -> Vec<Value> {
        self.0.lock().users.all()
    }

    /// Takes a user out, as `DELETE` does. False if there was none.
    pub fn remove_user(&self, id: &str) -> bool {
        remove(&mut self.0.lock(), id)
    }

    /// How often each route was called, by names such as `GET /api/v2/users/{id}` and
    /// `POST /oauth/token client_credentials`. Every request counts, faulty ones too; those about
    /// no route count as `GET (unknown)`.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.0.lock().calls.counts()
    }

    /// Waits until the route has received this many requests since the last reset.
    pub async fn wait_for_calls(&self, route: &str, count: u64) {
        let recorded = Arc::clone(&self.0.lock().calls.recorded);
        loop {
            // Created before the check, so that no request in between is missed.
            let next = recorded.notified();
            if self.calls().get(route).is_some_and(|calls| *calls >= count) {
                return;
            }
            next.await;
        }
    }

    /// Forgets counts and requests.
    pub fn reset_calls(&self) {
        self.0.lock().calls.reset();
    }

    /// The last 10,000 requests, without secrets.
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.lock().calls.requests()
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.0.lock().faults.add(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.0.lock().faults.clear();
    }

    /// From now on the search index holds everything that was written so far.
    pub fn catch_up(&self) {
        self.0.lock().users.catch_up();
    }

    /// The Management tokens that were given out so far are answered with 401.
    pub fn revoke_tokens(&self) {
        self.0.lock().tokens.revoke_all();
    }

    /// The next signing key becomes the current one; the previous one stays in the key set. Without
    /// random numbers for a new key all stays as it is.
    pub fn rotate_keys(&self) {
        let _ = self.0.lock().keys.rotate();
    }

    /// Takes a key out of the key set; the next one takes the place of the current one. False if
    /// there is none with that id.
    pub fn revoke_key(&self, kid: &str) -> bool {
        self.0.lock().keys.revoke(kid).unwrap_or(false)
    }

    /// The ids of the keys: previous ones, the current one, the next one.
    pub fn key_ids(&self) -> Vec<String> {
        self.0.lock().keys.ids()
    }

    /// The access token of a person.
    pub fn user_token(&self, token: UserToken) -> Result<String, SigningError> {
        let state = self.0.lock();
        let claims = Self::claims(token);
        Ok(tokens::issue(&state, claims, state.now())?)
    }

    pub(crate) fn claims(token: UserToken) -> Claims {
        Claims {
            subject: token.user_id,
            audience: token.audience,
            client: token.client_id,
            scope: token.scope,
            grant: None,
            organization: token.organization,
            permissions: token.permissions,
            lifetime_seconds: token.lifetime_seconds,
            more: token.claims,
        }
    }

    /// The mails that Auth0 would have sent.
    pub fn mails(&self) -> Vec<Mail> {
        self.0.lock().mails.sent()
    }

    /// Forgets everything but keys and tokens; the switches are as at the start.
    pub fn reset(&self) {
        self.0.lock().reset();
    }
}

/// Puts a user there.
pub(crate) fn seed(state: &mut State, user: Value) -> Result<String, SeedError> {
    let now = state.now();
    let connections = state.connections.clone();
    state.users.seed(user, &connections, now).map_err(SeedError)
}

/// Takes a user out, and what it held. False if there was none.
pub(crate) fn remove(state: &mut State, id: &str) -> bool {
    let now = state.now();
    state.forget(id, now);
    state.users.remove(id)
}
