//! What a stand-in starts with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::server::tls::Tls;
use crate::switches::Switches;

/// The grant by which a machine gets a token for itself (RFC 6749 §4.4).
pub(crate) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// Auth0's password grant with the name of a connection.
pub(crate) const PASSWORD_REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

/// Every scope that a route asks for.
pub(crate) const ALL_SCOPES: [&str; 26] = [
    "read:users",
    "create:users",
    "update:users",
    "delete:users",
    "read:users_app_metadata",
    "create:users_app_metadata",
    "update:users_app_metadata",
    "delete:users_app_metadata",
    "read:connections",
    "read:clients",
    "read:organizations",
    "create:organizations",
    "update:organizations",
    "delete:organizations",
    "read:organization_members",
    "create:organization_members",
    "delete:organization_members",
    "read:organization_member_roles",
    "create:organization_member_roles",
    "delete:organization_member_roles",
    "read:roles",
    "create:roles",
    "update:roles",
    "delete:roles",
    "read:role_members",
    "create:role_members",
];

/// What a stand-in starts with. The default is a tenant that is ready for use.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, or plain HTTP.
    pub tls: Option<Tls>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The issuer of tokens and the base of the Management API's identifier, ending in `/`; by
    /// default the address that it listens on.
    pub issuer: Option<String>,
    /// The applications.
    pub clients: Vec<Client>,
    /// The database connections.
    pub connections: Vec<Connection>,
    /// The APIs besides the Management API.
    pub apis: Vec<Api>,
    /// How it behaves.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            clock: Arc::new(SystemClock),
            issuer: None,
            clients: vec![Client::default()],
            connections: vec![Connection::default()],
            apis: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// An application. `Debug` leaves its secret out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// Its `client_secret`.
    pub secret: String,
    /// The grant types that are enabled on it.
    pub grant_types: Vec<String>,
    /// The scopes of its client grant for the Management API; empty: it has no such grant.
    pub scopes: Vec<String>,
    /// "Trust Token Endpoint IP Header": whether `auth0-forwarded-for` counts.
    pub trust_forwarded_for: bool,
}

impl Default for Client {
    /// `usher` with `usher-secret`, who may do everything.
    fn default() -> Self {
        Self {
            id: "usher".to_owned(),
            secret: "usher-secret".to_owned(),
            grant_types: vec![CLIENT_CREDENTIALS.to_owned(), PASSWORD_REALM.to_owned()],
            scopes: ALL_SCOPES.map(str::to_owned).to_vec(),
            trust_forwarded_for: true,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("grant_types", &self.grant_types)
            .field("scopes", &self.scopes)
            .field("trust_forwarded_for", &self.trust_forwarded_for)
            .finish_non_exhaustive()
    }
}

/// Whether people of a connection have usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usernames {
    /// Nobody has one, and sending one is an error.
    None,
    /// Whoever wants one.
    #[default]
    Optional,
    /// Everybody.
    Required,
}

/// A level of password strength, as the page "Password Strength" lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordPolicy {
    /// At least 1 character.
    None,
    /// At least 6 characters.
    #[default]
    Low,
    /// At least 8, with a lower-case letter, an upper-case letter and a digit.
    Fair,
    /// At least 8, with 3 of lower case, upper case, digits and special characters.
    Good,
    /// At least 10, as `Good`, and no more than 2 equal characters in a row.
    Excellent,
}

/// A database connection: a directory of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connection {
    /// Its id, `con_…`.
    pub id: String,
    /// Its name, which is also the realm of the password grant.
    pub name: String,
    /// Whether people have usernames.
    pub usernames: Usernames,
    /// How strong passwords must be.
    pub password_policy: PasswordPolicy,
    /// The least length of a password, if not the one of the policy
    /// (`options.password_complexity_options.min_length`).
    pub min_length: Option<usize>,
    /// How many earlier passwords may not be used again, up to 24; 0: no history.
    pub history: usize,
    /// Whether common passwords are refused.
    pub dictionary: bool,
    /// Whether passwords with parts of the person's names or addresses are refused.
    pub no_personal_info: bool,
    /// The ids of the applications that may use it; `None`: all of them.
    pub enabled_clients: Option<Vec<String>>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            id: "con_0000000000000001".to_owned(),
            name: "Username-Password-Authentication".to_owned(),
            usernames: Usernames::default(),
            password_policy: PasswordPolicy::default(),
            min_length: None,
            history: 0,
            dictionary: false,
            no_personal_info: false,
            enabled_clients: None,
        }
    }
}

impl Connection {
    /// Whether the application may use it.
    pub(crate) fn enabled_for(&self, client: &str) -> bool {
        self.enabled_clients.as_ref().is_none_or(|enabled| enabled.iter().any(|id| id == client))
    }
}

/// An API besides the Management API: a name for which tokens can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Its identifier, the `aud` of its tokens.
    pub identifier: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// "Add Permissions in the Access Token".
    pub permissions_in_token: bool,
    /// The applications with a client grant for it, which is for all of its scopes.
    pub clients: Vec<String>,
}
