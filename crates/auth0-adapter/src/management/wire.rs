//! The JSON of the Management API, without its meaning.
//!
//! Decoding is lenient about absent and null members and about texts of another type: one malformed
//! account must not hide all others of a list. It is strict otherwise. `Debug` shows no personal
//! data.

use std::fmt;

use domain::Password;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A user, reduced to the members that are read.
#[derive(Clone, PartialEq, Deserialize)]
pub(crate) struct Auth0User {
    /// Such as `auth0|5f7c8ec7c33c6c004bbafe82`.
    pub(crate) user_id: String,
    /// Absent for accounts without one, such as those of a phone number.
    #[serde(default, deserialize_with = "text")]
    pub(crate) email: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) username: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) given_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) family_name: Option<String>,
    /// ISO 8601 with milliseconds.
    pub(crate) created_at: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) updated_at: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) last_login: Option<String>,
    /// When a password was last set, by anyone; absent before the first time.
    #[serde(default, deserialize_with = "text")]
    pub(crate) last_password_reset: Option<String>,
    /// Whether the address is verified. Anything but a plain yes is no.
    #[serde(default, deserialize_with = "certainly")]
    pub(crate) email_verified: bool,
    /// Blocked by an administrator; blocks of attack protection are not included.
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) blocked: bool,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) app_metadata: Map<String, Value>,
    #[serde(default)]
    pub(crate) identities: Identities,
}

/// The connections of an account: an array of objects with a `connection` each.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Identities(Value);

impl Identities {
    /// Returns whether there are identities, and each is of one of the connections.
    pub(crate) fn are_all_of(&self, connections: &[String]) -> bool {
        let is_allowed = |identity: &Value| {
            let connection = identity.get("connection").and_then(Value::as_str);
            connection.is_some_and(|name| connections.iter().any(|allowed| allowed == name))
        };
        self.0
            .as_array()
            .is_some_and(|identities| !identities.is_empty() && identities.iter().all(is_allowed))
    }

    /// Returns whether the account belongs to the connection.
    pub(crate) fn are_of(&self, connection: &str) -> bool {
        let is_it = |identity: &Value| {
            identity.get("connection").is_some_and(|name| name.as_str() == Some(connection))
        };
        self.0.as_array().is_some_and(|identities| identities.iter().any(is_it))
    }
}

impl fmt::Debug for Auth0User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth0User").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// `GET /users` with `include_totals`: rows of the search index.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct UserPage {
    pub(crate) users: UserRows,
    /// The number of rows before the first; not the requested one if Auth0 has clamped the page.
    #[serde(default)]
    pub(crate) start: Option<u64>,
    /// The total number of matches, capped at 1000.
    pub(crate) total: u64,
}

/// A list of users. Rows without an id or a creation time are skipped individually.
#[derive(Debug, Clone)]
pub(crate) struct UserRows {
    pub(crate) readable: Vec<Auth0User>,
    /// The number of skipped rows.
    pub(crate) unreadable: u64,
}

impl<'de> Deserialize<'de> for UserRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut users = Self { readable: Vec::new(), unreadable: 0 };
        for row in Vec::<Map<String, Value>>::deserialize(deserializer)? {
            if ["user_id", "created_at"]
                .iter()
                .all(|name| row.get(*name).is_some_and(Value::is_string))
            {
                let user = Auth0User::deserialize(Value::Object(row)).map_err(D::Error::custom)?;
                users.readable.push(user);
            } else {
                tracing::warn!("malformed row of Auth0 skipped");
                users.unreadable += 1;
            }
        }
        Ok(users)
    }
}

/// The body of `POST /users`.
#[derive(Clone, Serialize)]
pub(crate) struct CreateUserBody {
    pub(crate) connection: String,
    /// The part of the id after the bar.
    pub(crate) user_id: String,
    pub(crate) email: String,
    /// Always sent, since Auth0's defaults depend on each other.
    pub(crate) email_verified: bool,
    pub(crate) verify_email: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) family_name: Option<String>,
    #[serde(serialize_with = "exposed")]
    pub(crate) password: Password,
    pub(crate) app_metadata: Map<String, Value>,
}

impl fmt::Debug for CreateUserBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUserBody").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The body of `PATCH /users/{id}`: members that are not named stay.
#[derive(Clone, Default, Serialize)]
pub(crate) struct PatchUserBody {
    /// Required with every change of `email` or `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verify_email: Option<bool>,
    #[serde(skip_serializing_if = "FieldUpdate::is_keep")]
    pub(crate) name: FieldUpdate<String>,
    #[serde(skip_serializing_if = "FieldUpdate::is_keep")]
    pub(crate) given_name: FieldUpdate<String>,
    #[serde(skip_serializing_if = "FieldUpdate::is_keep")]
    pub(crate) family_name: FieldUpdate<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blocked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed_if_any")]
    pub(crate) password: Option<Password>,
    /// Merged at the first level only; null removes a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_metadata: Option<Map<String, Value>>,
}

impl fmt::Debug for PatchUserBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchUserBody").finish_non_exhaustive()
    }
}

/// An update of a member that can be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldUpdate<T> {
    /// Leaves it unchanged.
    #[default]
    Keep,
    /// Removes it: null.
    Clear,
    /// Sets this value.
    Set(T),
}

impl<T> FieldUpdate<T> {
    fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Serialize> Serialize for FieldUpdate<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

/// Auth0 omits absent members; null means the same.
fn null_is_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads anything but true as false.
fn certainly<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)? == Value::Bool(true))
}

/// Reads a value that is not a string as absent.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(if let Value::String(text) = value { Some(text) } else { None })
}

fn exposed<S: Serializer>(password: &Password, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(password.expose())
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn exposed_if_any<S: Serializer>(
    password: &Option<Password>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match password {
        Some(password) => exposed(password, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests;
