//! Everything that the stand-in remembers, behind one lock.

use std::sync::Arc;

use crate::attempts::Attempts;
use crate::calls::Calls;
use crate::clock::Clock;
use crate::config::{Api, Client, Config, Connection};
use crate::faults::Faults;
use crate::keys::{KeyError, Keys};
use crate::limits::Limits;
use crate::mail::Mails;
use crate::oauth::tokens::Tokens;
use crate::organizations::Organizations;
use crate::organizations::roles::Roles;
use crate::paging::Cursors;
use crate::switches::Switches;
use crate::users::Users;

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
    pub(crate) fn new(config: Config, issuer: String) -> Result<Self, KeyError> {
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
