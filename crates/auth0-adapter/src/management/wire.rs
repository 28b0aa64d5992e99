//! The JSON of the Management API, without its meaning.
//!
//! Decoding of users is lenient, member by member. `Debug` shows no personal data.

use std::fmt;

use domain::Password;
use ports::AccountField;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub(crate) use json_value::{JsonValue, Members};
pub(crate) use user::{Auth0User, UserPage, UserRows, owned_user};

mod identities;
mod json_value;
mod lenient;
mod user;

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

impl PatchUserBody {
    /// Returns the fields of the account that the change sets.
    pub(crate) fn fields(&self) -> Vec<AccountField> {
        let changes_email = self.email.is_some();
        [
            (changes_email, AccountField::Email),
            (!self.given_name.is_keep(), AccountField::GivenName),
            (!self.family_name.is_keep(), AccountField::FamilyName),
            // Set together with the address, it is the address.
            (!self.name.is_keep() && !changes_email, AccountField::DisplayName),
            (self.password.is_some(), AccountField::Password),
        ]
        .into_iter()
        .filter_map(|(is_set, field)| is_set.then_some(field))
        .collect()
    }
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
