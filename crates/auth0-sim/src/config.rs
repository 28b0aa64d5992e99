//! The configuration of a stand-in.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::server::tls::Tls;
use crate::switches::Switches;
use crate::users::profile::DATABASE;

/// The grant by which a client gets a token for itself (RFC 6749 §4.4).
pub(crate) const CLIENT_CREDENTIALS: &str = "client_credentials";
/// Auth0's password grant for a named connection.
pub(crate) const PASSWORD_REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

/// All scopes that any route requires.
pub(crate) const ALL_SCOPES: [&str; 27] = [
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
    "create:user_tickets",
];

/// The configuration of a stand-in. The default is a tenant that is ready for use.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on; port 0 selects a free port.
    pub listen: SocketAddr,
    /// The TLS certificate; without one, plain HTTP is served.
    pub tls: Option<Tls>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The issuer of tokens and the base of the Management API's identifier, ending in `/`. The
    /// default is the URL of the stand-in.
    pub issuer: Option<String>,
    /// The applications (clients).
    pub clients: Vec<Client>,
    /// The connections.
    pub connections: Vec<Connection>,
    /// The APIs in addition to the Management API.
    pub apis: Vec<Api>,
    /// The initial behaviour.
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

/// An application. `Debug` omits its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: String,
    /// The enabled grant types.
    pub grant_types: Vec<String>,
    /// The scopes of its client grant for the Management API. Empty means that it has no such
    /// grant.
    pub scopes: Vec<String>,
    /// "Trust Token Endpoint IP Header": whether `auth0-forwarded-for` is honoured.
    pub trust_forwarded_for: bool,
}

impl Default for Client {
    /// Returns client `usher` with secret `usher-secret`, all scopes and both grants.
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

/// Whether users of a connection have usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usernames {
    /// Usernames are rejected.
    None,
    /// Usernames are optional.
    #[default]
    Optional,
    /// Usernames are required.
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
    /// At least 8 characters, with a lower-case letter, an upper-case letter and a digit.
    Fair,
    /// At least 8 characters, with 3 of lower case, upper case, digits and special characters.
    Good,
    /// At least 10 characters, as `Good`, and at most 2 equal characters in a row.
    Excellent,
}

/// A connection. The default is a database connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent settings of Auth0's")]
pub struct Connection {
    /// The id, `con_…`.
    pub id: String,
    /// The name, which is also the realm of the password grant.
    pub name: String,
    /// The strategy, such as `auth0` for a database, `samlp` or `google-oauth2`. The settings of
    /// usernames and passwords apply to databases only.
    pub strategy: String,
    /// Whether people cannot sign up (`options.disable_signup`). The stand-in has no sign-up.
    pub disable_signup: bool,
    /// "Sync user profile attributes at each login". If it is off, PATCH can change the names and
    /// the picture of users of another provider.
    pub profile_sync: bool,
    /// Whether users have usernames.
    pub usernames: Usernames,
    /// The required password strength.
    pub password_policy: PasswordPolicy,
    /// The minimum length of passwords, if it differs from the policy's
    /// (`options.password_complexity_options.min_length`).
    pub min_length: Option<usize>,
    /// The number of earlier passwords that are rejected, up to 24. 0 means no history.
    pub history: usize,
    /// Whether common passwords are rejected.
    pub dictionary: bool,
    /// Whether passwords with parts of the user's names or address are rejected.
    pub no_personal_info: bool,
    /// The ids of the applications that may use the connection; `None` means all.
    pub enabled_clients: Option<Vec<String>>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            id: "con_0000000000000001".to_owned(),
            name: "Username-Password-Authentication".to_owned(),
            strategy: DATABASE.to_owned(),
            disable_signup: false,
            profile_sync: true,
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
    /// Returns whether the connection is a database of Auth0.
    pub(crate) fn is_database(&self) -> bool {
        self.strategy == DATABASE
    }

    /// Returns whether the application may use the connection.
    pub(crate) fn enabled_for(&self, client: &str) -> bool {
        self.enabled_clients.as_ref().is_none_or(|enabled| enabled.iter().any(|id| id == client))
    }
}

/// An API in addition to the Management API, for which clients can get tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// The identifier, which is the `aud` of tokens.
    pub identifier: String,
    /// The scopes.
    pub scopes: Vec<String>,
    /// "Add Permissions in the Access Token".
    pub permissions_in_token: bool,
    /// The ids of the applications with a client grant for all scopes of this API.
    pub clients: Vec<String>,
}
