//! Inspection and control of a running stand-in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::config::Connection;
use crate::crypto::CryptoError;
use crate::mail::links::{self, LinkError};
use crate::mail::outbox::Mail;
use crate::oauth::access_token::{self, Claims};
use crate::state::{SharedState, State};
use crate::switches::Switches;
use crate::traffic::call_log::RecordedRequest;
use crate::traffic::faults::Fault;

/// A handle to inspect a stand-in and to change its behaviour. Clones refer to the same stand-in.
#[derive(Debug, Clone)]
pub struct Control(Arc<SharedState>);

/// A seeded user is invalid.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SeedError(String);

/// A token could not be signed.
#[derive(Debug, Error)]
#[error("the token cannot be signed")]
pub struct SigningError;

impl From<CryptoError> for SigningError {
    fn from(_: CryptoError) -> Self {
        Self
    }
}

/// The contents of an access token of a user. The stand-in has no login pages that would issue one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserToken {
    /// `sub`.
    pub user_id: String,
    /// `aud`: a string if there is one, an array if there are several.
    pub audience: Vec<String>,
    /// `azp`, or `client_id` in the RFC 9068 profile.
    pub client_id: String,
    /// `scope`.
    pub scope: String,
    /// `org_id`, of a login to an organization.
    pub organization: Option<String>,
    /// `permissions`, of an API that adds them.
    pub permissions: Option<Vec<String>>,
    /// The lifetime in seconds. A negative value creates an expired token.
    pub lifetime_seconds: i64,
    /// Additional claims, which override those above.
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
    pub(crate) fn new(shared: Arc<SharedState>) -> Self {
        Self(shared)
    }

    /// Returns the current switches.
    pub fn switches(&self) -> Switches {
        self.0.lock().switches.clone()
    }

    /// Replaces all switches.
    pub fn set_switches(&self, switches: Switches) {
        self.0.lock().switches = switches;
    }

    /// Changes some of the switches.
    pub fn update_switches(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.0.lock().switches);
    }

    /// Stores a user in the Management API's format, plus `password`. Given members
    /// such as `user_id`, `created_at` or `logins_count` are stored unchanged; missing ones get the
    /// defaults of a new user. The search index is updated immediately. Returns the id.
    pub fn seed(&self, user: Value) -> Result<String, SeedError> {
        seed_user(&mut self.0.lock(), user)
    }

    /// Stores a user exactly as given, for accounts that this API would not create: members of the
    /// wrong type, invalid dates, any `user_id`. Only `password` is taken out. Fails if `user_id`
    /// is not a string. Returns the id.
    pub fn seed_exact(&self, user: Value) -> Result<String, SeedError> {
        seed_exact_user(&mut self.0.lock(), user)
    }

    /// Adds a connection, or replaces the one with the same name.
    pub fn set_connection(&self, connection: Connection) {
        self.0.lock().set_connection(connection);
    }

    /// Verifies the address of a user, as if the user had followed a link mailed just now.
    pub fn verify_email(&self, id: &str) -> Result<(), LinkError> {
        let mut state = self.0.lock();
        let now = state.now();
        links::verify_email(&mut state, id, now)
    }

    /// Sets the password of a user, as if the user had followed a link mailed just now:
    /// `last_password_reset` is set, and `email_verified` if the switch says so.
    pub fn reset_password(&self, id: &str, password: &str) -> Result<(), LinkError> {
        let mut state = self.0.lock();
        let now = state.now();
        links::reset_password(&mut state, id, password, now)
    }

    /// Follows a link from [`mails`](Self::mails) or of a ticket. A password link needs the new
    /// password.
    pub fn follow_link(&self, link: &str, password: Option<&str>) -> Result<(), LinkError> {
        let mut state = self.0.lock();
        let now = state.now();
        links::follow_link(&mut state, link, password, now)
    }

    /// Returns a user as stored, regardless of the search index.
    pub fn user(&self, id: &str) -> Option<Value> {
        self.0.lock().users.get_json(id)
    }

    /// Returns all users as stored.
    pub fn users(&self) -> Vec<Value> {
        self.0.lock().users.all_json()
    }

    /// Deletes a user, as `DELETE` does. Returns false if there is none.
    pub fn remove_user(&self, id: &str) -> bool {
        remove_user(&mut self.0.lock(), id)
    }

    /// Returns the number of requests of each route, keyed by names such as `GET
    /// /api/v2/users/{id}` and `POST /oauth/token client_credentials`. Requests with injected
    /// faults count too. Requests without a matching route count as `GET (unknown)`.
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

    /// Clears the recorded requests and their counts.
    pub fn reset_calls(&self) {
        self.0.lock().calls.reset();
    }

    /// Returns the last 10,000 requests, with secrets redacted.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.0.lock().calls.requests()
    }

    /// Injects a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.0.lock().faults.add(fault);
    }

    /// Lets requests continue that [`FaultKind::Hold`](crate::FaultKind::Hold) or
    /// [`FaultKind::HoldAfter`](crate::FaultKind::HoldAfter) holds. Later ones are held anew.
    pub fn release_held(&self) {
        self.0.lock().faults.release_held();
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.0.lock().faults.clear();
    }

    /// Brings the search index up to date with everything written so far.
    pub fn catch_up(&self) {
        self.0.lock().users.catch_up();
    }

    /// Revokes all Management tokens issued so far; requests with them get 401.
    pub fn revoke_tokens(&self) {
        self.0.lock().tokens.revoke_all();
    }

    /// Makes the next signing key the current one. The previous one stays in the key set. Does
    /// nothing if no random bytes are available for a new key.
    pub fn rotate_keys(&self) {
        let _ = self.0.lock().keys.rotate();
    }

    /// Removes a key from the key set; the next key replaces the current one. Returns false if
    /// there is no key with this id.
    pub fn revoke_key(&self, kid: &str) -> bool {
        self.0.lock().keys.revoke(kid).unwrap_or(false)
    }

    /// Returns the ids of the previous keys, the current one and the next one, in this order.
    pub fn key_ids(&self) -> Vec<String> {
        self.0.lock().keys.ids()
    }

    /// Returns a signed access token of a user.
    pub fn issue_user_token(&self, token: UserToken) -> Result<String, SigningError> {
        let state = self.0.lock();
        let claims = Self::claims(token);
        Ok(access_token::issue_access_token(&state, claims, state.now())?)
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
            extra: token.claims,
        }
    }

    /// Returns the e-mails that Auth0 would have sent.
    pub fn mails(&self) -> Vec<Mail> {
        self.0.lock().outbox.sent()
    }

    /// Resets everything to the initial state, except keys and issued tokens.
    pub fn reset(&self) {
        self.0.lock().reset();
    }
}

/// Stores a user.
pub(crate) fn seed_user(state: &mut State, user: Value) -> Result<String, SeedError> {
    let now = state.now();
    let connections = state.connections.clone();
    state.users.seed(user, &connections, now).map_err(SeedError)
}

/// Stores a user exactly as given.
pub(crate) fn seed_exact_user(state: &mut State, user: Value) -> Result<String, SeedError> {
    let now = state.now();
    state.users.seed_exact(user, now).map_err(SeedError)
}

/// Deletes a user with its memberships and roles. Returns false if there is none.
pub(crate) fn remove_user(state: &mut State, id: &str) -> bool {
    let now = state.now();
    state.remove_assignments(id, now);
    state.users.remove(id)
}
