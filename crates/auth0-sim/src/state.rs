//! The state of a stand-in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{Api, Client, Config, Connection};
use crate::crypto::CryptoError;
use crate::http::error::ApiError;
use crate::http::paging::Checkpoints;
use crate::http::validation::check_user_id;
use crate::mail::outbox::Outbox;
use crate::mail::tickets::Tickets;
use crate::oauth::issued_tokens::IssuedTokens;
use crate::oauth::keys::Keys;
use crate::oauth::login_attempts::LoginAttempts;
use crate::organizations::store::Organizations;
use crate::roles::store::Roles;
use crate::switches::Switches;
use crate::traffic::call_log::CallLog;
use crate::traffic::faults::Faults;
use crate::traffic::rate_limits::RateLimiter;
use crate::users::store::Users;

use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

/// The state of a stand-in. A handler holds its lock until it returns.
pub(crate) struct State {
    pub(crate) users: Users,
    pub(crate) organizations: Organizations,
    pub(crate) roles: Roles,
    pub(crate) attempts: LoginAttempts,
    pub(crate) switches: Switches,
    pub(crate) connections: Vec<Connection>,
    pub(crate) clients: Vec<Client>,
    pub(crate) apis: Vec<Api>,
    pub(crate) keys: Keys,
    pub(crate) tokens: IssuedTokens,
    pub(crate) outbox: Outbox,
    pub(crate) tickets: Tickets,
    /// The jobs as created, by id.
    pub(crate) jobs: HashMap<String, Value>,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) clock: Arc<dyn Clock>,
    /// The issuer, ending in `/`.
    pub(crate) issuer: String,
    /// The URL of the stand-in, without a trailing slash. Links lead there.
    pub(crate) url: String,
    /// The configuration that a reset restores.
    initial_config: Config,
}

impl State {
    pub(crate) fn new(config: Config, issuer: String, url: String) -> Result<Self, CryptoError> {
        Ok(Self {
            users: Users::default(),
            organizations: Organizations::default(),
            roles: Roles::default(),
            attempts: LoginAttempts::default(),
            switches: config.switches.clone(),
            connections: config.connections.clone(),
            clients: config.clients.clone(),
            apis: config.apis.clone(),
            keys: Keys::new()?,
            tokens: IssuedTokens::default(),
            outbox: Outbox::default(),
            tickets: Tickets::default(),
            jobs: HashMap::new(),
            calls: CallLog::default(),
            faults: Faults::default(),
            rate_limiter: RateLimiter::default(),
            checkpoints: Checkpoints::default(),
            clock: Arc::clone(&config.clock),
            issuer,
            url,
            initial_config: config,
        })
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_millis()
    }

    /// Resets everything except keys and issued tokens.
    pub(crate) fn reset(&mut self) {
        self.users = Users::default();
        self.organizations = Organizations::default();
        self.roles = Roles::default();
        self.attempts = LoginAttempts::default();
        self.switches = self.initial_config.switches.clone();
        self.connections = self.initial_config.connections.clone();
        self.outbox = Outbox::default();
        self.tickets = Tickets::default();
        self.jobs = HashMap::new();
        self.calls = CallLog::default();
        self.faults = Faults::default();
        self.rate_limiter = RateLimiter::default();
    }

    /// Removes memberships and roles of a deleted user, so that a later user with the same id does
    /// not inherit them.
    pub(crate) fn remove_assignments(&mut self, user_id: &str, now: i64) {
        self.organizations.remove_user(user_id, now);
        self.roles.remove_user(user_id);
    }

    /// Rejects a malformed user id in a path, unless a user has it.
    pub(crate) fn check_user_id(&self, id: &str) -> Result<(), ApiError> {
        if self.users.get(id).is_some() { Ok(()) } else { check_user_id(id) }
    }

    /// Adds a connection, or replaces the one with the same name.
    pub(crate) fn set_connection(&mut self, connection: Connection) {
        match self.connections.iter_mut().find(|known| known.name == connection.name) {
            Some(known) => *known = connection,
            None => self.connections.push(connection),
        }
    }

    /// Returns the connection with this name.
    pub(crate) fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    /// Returns the identifier of the Management API, which is the `aud` of its tokens.
    pub(crate) fn management_audience(&self) -> String {
        format!("{}api/v2/", self.issuer)
    }
}

/// The locked state, shared by the server and [`Control`](crate::Control).
pub(crate) struct SharedState(Mutex<State>);

impl SharedState {
    pub(crate) fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
