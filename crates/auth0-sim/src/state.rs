//! Everything that the stand-in remembers, behind one lock.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::config::{Api, Client, Config, Connection};
use crate::crypto::CryptoError;
use crate::http::paging::Cursors;
use crate::mail::outbox::Mails;
use crate::oauth::issued_tokens::Tokens;
use crate::oauth::keys::Keys;
use crate::oauth::login_attempts::Attempts;
use crate::organizations::store::Organizations;
use crate::roles::store::Roles;
use crate::switches::Switches;
use crate::traffic::call_log::Calls;
use crate::traffic::faults::Faults;
use crate::traffic::rate_limits::Limits;
use crate::users::store::Users;

/// Everything that the stand-in remembers. Handlers run to their end under its lock.
pub(crate) struct State {
    pub(crate) users: Users,
    pub(crate) organizations: Organizations,
    pub(crate) roles: Roles,
    pub(crate) attempts: Attempts,
    pub(crate) switches: Switches,
    pub(crate) connections: Vec<Connection>,
    pub(crate) clients: Vec<Client>,
    pub(crate) apis: Vec<Api>,
    pub(crate) keys: Keys,
    pub(crate) tokens: Tokens,
    pub(crate) mails: Mails,
    pub(crate) calls: Calls,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) cursors: Cursors,
    pub(crate) clock: Arc<dyn Clock>,
    /// The issuer, ending in `/`.
    pub(crate) issuer: String,
    /// What it was started with, for a reset.
    initial: Config,
}

impl State {
    pub(crate) fn new(config: Config, issuer: String) -> Result<Self, CryptoError> {
        Ok(Self {
            users: Users::default(),
            organizations: Organizations::default(),
            roles: Roles::default(),
            attempts: Attempts::default(),
            switches: config.switches.clone(),
            connections: config.connections.clone(),
            clients: config.clients.clone(),
            apis: config.apis.clone(),
            keys: Keys::new()?,
            tokens: Tokens::default(),
            mails: Mails::default(),
            calls: Calls::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            cursors: Cursors::default(),
            clock: Arc::clone(&config.clock),
            issuer,
            initial: config,
        })
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now_millis()
    }

    /// Forgets everything but its keys and the tokens that it gave out.
    pub(crate) fn reset(&mut self) {
        self.users = Users::default();
        self.organizations = Organizations::default();
        self.roles = Roles::default();
        self.attempts = Attempts::default();
        self.switches = self.initial.switches.clone();
        self.mails = Mails::default();
        self.calls = Calls::default();
        self.faults = Faults::default();
        self.limits = Limits::default();
    }

    /// The user is gone: what was held by its id is not for whoever gets that id next.
    pub(crate) fn forget(&mut self, user_id: &str, now: i64) {
        self.organizations.forget(user_id, now);
        self.roles.forget(user_id);
    }

    /// The connection with the name.
    pub(crate) fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    /// The identifier of the Management API, the `aud` of its tokens.
    pub(crate) fn management_audience(&self) -> String {
        format!("{}api/v2/", self.issuer)
    }
}

/// The state, for the server and for [`Control`].
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
