//! What goes over the wire: the Management API's JSON, and nothing of what it means.
//!
//! Reading is liberal in what is absent or null, and in texts that are none: one odd account must
//! not take all the others of a list with it. It is strict in everything else. `Debug` prints
//! nothing of a person.

use std::fmt;

use domain::Password;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A user as the Management API shows it, as far as it is read.
#[derive(Clone, PartialEq, Deserialize)]
pub(crate) struct Auth0User {
    /// Such as `auth0|5f7c8ec7c33c6c004bbafe82`.
    pub(crate) user_id: String,
    /// Absent for accounts that have none, such as those of a phone number.
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
    /// Blocked by an administrator; what Auth0's attack protection blocks is not in here.
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) blocked: bool,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) app_metadata: Map<String, Value>,
    /// Not among the fields of searches, since nobody needs it there.
    #[serde(default)]
    pub(crate) identities: Identities,
}

/// The connections of an account: an array of objects with a `connection` each.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Identities(Value);

impl Identities {
    /// Whether the account is one of the connection.
    pub(crate) fn are_of(&self, connection: &str) -> bool {
        let is_it = |identity: &Value| {
            identity.get("connection").is_some_and(|name| name.as_str() == Some(connection))
        };
        self.0.as_array().is_some_and(|identities| identities.iter().any(is_it))
    }
}

impl Auth0User {
    /// The names of the members above, as the `fields` parameter takes them.
    pub(crate) const FIELDS: &str = "user_id,email,username,name,given_name,family_name,\
                                     created_at,updated_at,last_login,blocked,app_metadata";
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
    /// How many come before the first of them; elsewhere than asked if Auth0 has clamped the page.
    #[serde(default)]
    pub(crate) start: Option<u64>,
    /// How many match in all, but never more than 1000.
    pub(crate) total: u64,
}

/// A list of users. What has no id or no time of creation is none, and is left out by itself.
#[derive(Debug, Clone)]
pub(crate) struct UserRows {
    pub(crate) readable: Vec<Auth0User>,
    /// How many were left out.
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
                tracing::warn!("a row of Auth0 is left out, since it is no account");
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
    /// Always said, since Auth0's defaults depend on each other.
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

/// The body of `PATCH /users/{id}`: what is not named stays as it is.
#[derive(Clone, Default, Serialize)]
pub(crate) struct PatchUserBody {
    /// Goes with every change of `email` or `password`.
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
    /// Merged at the first level only; null takes a key away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_metadata: Option<Map<String, Value>>,
}

impl fmt::Debug for PatchUserBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchUserBody").finish_non_exhaustive()
    }
}

/// What to do with a member that can be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldUpdate<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Take it away: null.
    Clear,
    /// Give it this value.
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

/// Auth0 leaves absent members out; should it write null one day, that means the same.
fn null_is_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What is no text is not there.
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
