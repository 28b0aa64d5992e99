//! Users as the Management API returns them.

use std::borrow::Cow;
use std::fmt;

use domain::Timestamp;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::identities::Identities;
use super::json_value::{JsonValue, Levels, Members};
use super::lenient::{moment, restrictive_flag, text};

/// A user, reduced to the members that are read. A member of another form than documented is read
/// as well as possible, else as absent; only the id is required.
///
/// Its texts are borrowed from the response where they have no escapes.
#[derive(Clone, PartialEq)]
pub(crate) struct Auth0User<'a> {
    /// Such as `auth0|5f7c8ec7c33c6c004bbafe82`.
    pub(crate) user_id: Cow<'a, str>,
    /// Absent for accounts without one, such as those of a phone number.
    pub(crate) email: Option<Cow<'a, str>>,
    pub(crate) username: Option<Cow<'a, str>>,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) given_name: Option<Cow<'a, str>>,
    pub(crate) family_name: Option<Cow<'a, str>>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
    pub(crate) last_login: Option<Timestamp>,
    /// When a password was last set, by anyone; absent before the first time.
    pub(crate) last_password_reset: Option<Timestamp>,
    /// Whether the address is verified. Anything but a plain yes is no.
    pub(crate) email_verified: bool,
    /// Blocked by an administrator; blocks of attack protection are not included.
    pub(crate) blocked: bool,
    pub(crate) app_metadata: Members<'a>,
    pub(crate) identities: Identities<'a>,
}

/// The members that are read.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    UserId,
    Email,
    Username,
    Name,
    GivenName,
    FamilyName,
    CreatedAt,
    UpdatedAt,
    LastLogin,
    LastPasswordReset,
    EmailVerified,
    Blocked,
    AppMetadata,
    Identities,
    #[serde(other)]
    Other,
}

impl<'a> Auth0User<'a> {
    /// A user with this id and no other member.
    fn bare(user_id: Cow<'a, str>) -> Self {
        Self {
            user_id,
            email: None,
            username: None,
            name: None,
            given_name: None,
            family_name: None,
            created_at: None,
            updated_at: None,
            last_login: None,
            last_password_reset: None,
            email_verified: false,
            blocked: false,
            app_metadata: Members::default(),
            identities: Identities::new(JsonValue::Null),
        }
    }

    /// Reads a user, unless it has no id. Of several members with one name, the last counts.
    fn read<A: MapAccess<'a>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut user = Self::bare(Cow::Borrowed(""));
        let mut user_id = None;
        while let Some(member) = map.next_key()? {
            let levels = match member {
                // Its members are objects, and so are the elements of `identities`.
                Member::AppMetadata | Member::Identities => Levels(2),
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Member::UserId
                | Member::Email
                | Member::Username
                | Member::Name
                | Member::GivenName
                | Member::FamilyName
                | Member::CreatedAt
                | Member::UpdatedAt
                | Member::LastLogin
                | Member::LastPasswordReset
                | Member::EmailVerified
                | Member::Blocked => Levels(0),
            };
            let value = map.next_value_seed(levels)?;
            match member {
                Member::UserId => user_id = id(value),
                Member::Email => user.email = text(value),
                Member::Username => user.username = text(value),
                Member::Name => user.name = text(value),
                Member::GivenName => user.given_name = text(value),
                Member::FamilyName => user.family_name = text(value),
                Member::CreatedAt => user.created_at = moment(&value),
                Member::UpdatedAt => user.updated_at = moment(&value),
                Member::LastLogin => user.last_login = moment(&value),
                Member::LastPasswordReset => user.last_password_reset = moment(&value),
                Member::EmailVerified => user.email_verified = value == JsonValue::Bool(true),
                Member::Blocked => user.blocked = restrictive_flag(&value),
                Member::AppMetadata => user.app_metadata = members(value),
                Member::Identities => user.identities = Identities::new(value),
                Member::Other => {}
            }
        }
        Ok(user_id.map(|user_id| Self { user_id, ..user }))
    }

    fn into_owned(self) -> Auth0User<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Auth0User {
            user_id: Cow::Owned(self.user_id.into_owned()),
            email: owned(self.email),
            username: owned(self.username),
            name: owned(self.name),
            given_name: owned(self.given_name),
            family_name: owned(self.family_name),
            app_metadata: self.app_metadata.into_owned(),
            identities: self.identities.into_owned(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_login: self.last_login,
            last_password_reset: self.last_password_reset,
            email_verified: self.email_verified,
            blocked: self.blocked,
        }
    }
}

/// Returns the user without borrowing from the response.
pub(crate) fn owned_user(user: Auth0User<'_>) -> Auth0User<'static> {
    user.into_owned()
}

/// Returns an id, which may be a number.
fn id(value: JsonValue<'_>) -> Option<Cow<'_, str>> {
    match value {
        JsonValue::Text(id) => Some(id),
        JsonValue::Number(id) => Some(Cow::Owned(id.to_string())),
        JsonValue::Null | JsonValue::Bool(_) | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

/// Returns the members of an object; a value of another type has none.
fn members(value: JsonValue<'_>) -> Members<'_> {
    match value {
        JsonValue::Object(members) => members,
        JsonValue::Null
        | JsonValue::Bool(_)
        | JsonValue::Number(_)
        | JsonValue::Text(_)
        | JsonValue::Array(_) => Members::default(),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Auth0User<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Row.deserialize(deserializer)?.ok_or_else(|| D::Error::custom("no user"))
    }
}

impl fmt::Debug for Auth0User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth0User").finish_non_exhaustive()
    }
}

/// Reads a row: a user, or none if it is anything else.
#[derive(Clone, Copy)]
struct Row;

impl<'de> DeserializeSeed<'de> for Row {
    type Value = Option<Auth0User<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row {
    type Value = Option<Auth0User<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Auth0User::read(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// `GET /users` with `include_totals`: rows of the search index.
#[derive(Debug, Clone, Deserialize)]
#[serde(bound(deserialize = "UserRows<R>: Deserialize<'de>"))]
pub(crate) struct UserPage<R> {
    pub(crate) users: UserRows<R>,
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
#[derive(Debug, Clone)]
pub(crate) struct UserRows<R> {
    pub(crate) readable: Vec<R>,
    /// The number of skipped rows.
    pub(crate) unreadable: u64,
}

impl<R> UserPage<R> {
    /// Returns the page with its rows converted.
    pub(crate) fn map<T>(self, convert: impl FnMut(R) -> T) -> UserPage<T> {
        let Self { users, start, total, part_size } = self;
        UserPage { users: users.map(convert), start, total, part_size }
    }
}

impl<R> UserRows<R> {
    /// Returns the number of rows, skipped ones included.
    pub(crate) fn count(&self) -> u64 {
        self.readable.len() as u64 + self.unreadable
    }

    /// Returns the rows, each converted.
    pub(crate) fn map<T>(self, convert: impl FnMut(R) -> T) -> UserRows<T> {
        let readable = self.readable.into_iter().map(convert).collect();
        UserRows { readable, unreadable: self.unreadable }
    }
}

impl<R> Default for UserRows<R> {
    fn default() -> Self {
        Self { readable: Vec::new(), unreadable: 0 }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for UserRows<Auth0User<'a>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Rows)
    }
}

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = UserRows<Auth0User<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut users = UserRows::default();
        while let Some(row) = elements.next_element_seed(Row)? {
            match row {
                Some(user) => users.readable.push(user),
                None => users.unreadable += 1,
            }
        }
        Ok(users)
    }
}
