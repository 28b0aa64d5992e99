//! Users as the Management API returns them.

use std::fmt;

use domain::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::lenient::{ShallowValue, moment, restrictive_flag, text};

/// A user, reduced to the members that are read. A member of another form than documented is read
/// as well as possible, else as absent; only the id is required.
#[derive(Clone, PartialEq)]
pub(crate) struct Auth0User {
    /// Such as `auth0|5f7c8ec7c33c6c004bbafe82`.
    pub(crate) user_id: String,
    /// Absent for accounts without one, such as those of a phone number.
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) last_login: Option<Timestamp>,
    /// When a password was last set, by anyone; absent before the first time.
    pub(crate) last_password_reset: Option<Timestamp>,
    /// Whether the address is verified. Anything but a plain yes is no.
    pub(crate) email_verified: bool,
    /// Blocked by an administrator; blocks of attack protection are not included.
    pub(crate) blocked: bool,
    pub(crate) app_metadata: Map<String, Value>,
    pub(crate) identities: Identities,
}

impl Auth0User {
    /// Reads a user, unless it has no id.
    fn read(value: Value) -> Option<Self> {
        let Value::Object(mut user) = value else { return None };
        let user_id = match user.get("user_id")? {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let app_metadata = match user.remove("app_metadata") {
            Some(Value::Object(metadata)) => metadata,
            Some(_) | None => Map::new(),
        };
        let identities = Identities(user.remove("identities").unwrap_or_default());
        let member = |name| user.get(name);
        Some(Self {
            user_id,
            email: text(member("email")),
            username: text(member("username")),
            name: text(member("name")),
            given_name: text(member("given_name")),
            family_name: text(member("family_name")),
            created_at: moment(member("created_at")),
            updated_at: moment(member("updated_at")),
            last_login: moment(member("last_login")),
            last_password_reset: moment(member("last_password_reset")),
            email_verified: member("email_verified") == Some(&Value::Bool(true)),
            blocked: restrictive_flag(member("blocked")),
            app_metadata,
            identities,
        })
    }
}

impl<'de> Deserialize<'de> for Auth0User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ShallowValue(value) = ShallowValue::deserialize(deserializer)?;
        Self::read(value).ok_or_else(|| D::Error::custom("no user"))
    }
}

impl fmt::Debug for Auth0User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth0User").finish_non_exhaustive()
    }
}

/// The connections of an account: an array of objects with a `connection` each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Identities(Value);

impl Identities {
    /// Returns whether one of the identities is of the connection.
    pub(crate) fn are_of(&self, connection: &str) -> bool {
        self.connections().any(|name| name == Some(connection))
    }

    /// Returns whether one of the identities is of one of the connections.
    pub(crate) fn are_of_any(&self, connections: &[String]) -> bool {
        connections.iter().any(|connection| self.are_of(connection))
    }

    /// Returns whether there is an identity, and each is of one of the connections.
    pub(crate) fn are_all_of(&self, connections: &[String]) -> bool {
        let is_allowed = |name: Option<&str>| connections.iter().any(|one| Some(&**one) == name);
        self.connections().next().is_some() && self.connections().all(is_allowed)
    }

    /// Returns the connection of the first identity of a database connection, which has a password.
    pub(crate) fn database(&self) -> Option<&str> {
        let is_database = |identity: &&Value| {
            identity.get("provider").and_then(Value::as_str) == Some(DATABASE_PROVIDER)
        };
        self.all().find(is_database)?.get("connection")?.as_str()
    }

    fn connections(&self) -> impl Iterator<Item = Option<&str>> {
        self.all().map(|identity| identity.get("connection").and_then(Value::as_str))
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.0.as_array().into_iter().flatten()
    }
}

/// The provider of the identities of database connections.
const DATABASE_PROVIDER: &str = "auth0";

/// `GET /users` with `include_totals`: rows of the search index.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UserPage {
    pub(crate) users: UserRows,
    /// The number of rows before the first; not the requested one if Auth0 has clamped the page.
    #[serde(default)]
    pub(crate) start: Option<u64>,
    /// The total number of matches, capped at 1000.
    pub(crate) total: u64,
    /// The size of the parts in which the page was fetched, if it was too long at once.
    #[serde(skip)]
    pub(crate) part_size: Option<u32>,
}

/// A list of users. Rows without an id are skipped individually.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserRows {
    pub(crate) readable: Vec<Auth0User>,
    /// The number of skipped rows.
    pub(crate) unreadable: u64,
}

impl UserRows {
    /// Returns the number of rows, skipped ones included.
    pub(crate) fn count(&self) -> u64 {
        self.readable.len() as u64 + self.unreadable
    }
}

impl<'de> Deserialize<'de> for UserRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut users = Self::default();
        for ShallowValue(row) in Vec::<ShallowValue>::deserialize(deserializer)? {
            match Auth0User::read(row) {
                Some(user) => users.readable.push(user),
                None => users.unreadable += 1,
            }
        }
        Ok(users)
    }
}
