//! Serialization, behind the feature `serde`.
//!
//! Values have their text form, and deserializing checks it. A role serializes as its name; it
//! cannot be deserialized, since that takes a catalogue: read a [`RoleName`] and resolve it.
//! For the same reason users and memberships serialize only. Passwords do neither.

use ::serde::de::{Deserialize, Deserializer, Error, Visitor};
use ::serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::account::User;
use crate::id::{TenantId, UserId};
use crate::listing::Sort;
use crate::membership::{Attachment, CredentialStamp, Credentials, Membership, MembershipId};
use crate::memberships::Memberships;
use crate::permission::Permission;
use crate::role::{Access, Role, RoleName};
use crate::standing::Standing;
use crate::text::{DisplayName, EmailAddress, PersonName, Username};
use crate::timestamp::Timestamp;

/// Parses a text without copying it first.
struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Deserializes by `FromStr`.
macro_rules! deserialize_text {
    ($($name:ident),* $(,)?) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(TextVisitor(PhantomData))
            }
        }
    )*};
}

/// Serializes by `AsRef<str>`.
macro_rules! serialize_text {
    ($($name:ident),* $(,)?) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_ref())
            }
        }
    )*};
}

/// Serializes by `Display`.
macro_rules! serialize_display {
    ($($name:ident),* $(,)?) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

deserialize_text!(
    MembershipId,
    UserId,
    TenantId,
    EmailAddress,
    Username,
    PersonName,
    DisplayName,
    RoleName,
    Timestamp,
    Permission,
    Sort,
    Access
);
serialize_text!(
    MembershipId,
    UserId,
    TenantId,
    EmailAddress,
    Username,
    PersonName,
    DisplayName,
    RoleName,
    Permission,
    Access
);
serialize_display!(Timestamp, Sort);

/// Serializes the name.
impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(serializer)
    }
}

impl Serialize for Membership {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { role, name, attachment, suspended, expires_at } = self;
        let mut fields = serializer.serialize_struct("Membership", 5)?;
        fields.serialize_field("role", role)?;
        fields.serialize_field("name", name)?;
        fields.serialize_field("attachment", attachment)?;
        fields.serialize_field("suspended", suspended)?;
        fields.serialize_field("expires_at", expires_at)?;
        fields.end()
    }
}

impl Serialize for Attachment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { id, since, email } = self;
        let mut fields = serializer.serialize_struct("Attachment", 3)?;
        fields.serialize_field("id", id)?;
        fields.serialize_field("since", since)?;
        fields.serialize_field("email", email)?;
        fields.end()
    }
}

impl Serialize for Credentials {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { email_verified, connections_allowed, stamp, last_password_reset } = self;
        let mut fields = serializer.serialize_struct("Credentials", 4)?;
        fields.serialize_field("email_verified", email_verified)?;
        fields.serialize_field("connections_allowed", connections_allowed)?;
        fields.serialize_field("stamp", stamp)?;
        fields.serialize_field("last_password_reset", last_password_reset)?;
        fields.end()
    }
}

impl Serialize for CredentialStamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { at, by, sets_address } = self;
        let mut fields = serializer.serialize_struct("CredentialStamp", 3)?;
        fields.serialize_field("at", at)?;
        fields.serialize_field("by", by)?;
        fields.serialize_field("sets_address", sets_address)?;
        fields.end()
    }
}

/// Serializes the name.
impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            id,
            email,
            username,
            given_name,
            family_name,
            display_name,
            service_user,
            blocked,
            created_at,
            updated_at,
            last_login,
            home,
            credentials,
            memberships,
        } = self;
        let mut fields = serializer.serialize_struct("User", 14)?;
        fields.serialize_field("id", id)?;
        fields.serialize_field("email", email)?;
        fields.serialize_field("username", username)?;
        fields.serialize_field("given_name", given_name)?;
        fields.serialize_field("family_name", family_name)?;
        fields.serialize_field("display_name", display_name)?;
        fields.serialize_field("service_user", service_user)?;
        fields.serialize_field("blocked", blocked)?;
        fields.serialize_field("created_at", created_at)?;
        fields.serialize_field("updated_at", updated_at)?;
        fields.serialize_field("last_login", last_login)?;
        fields.serialize_field("home", home)?;
        fields.serialize_field("credentials", credentials)?;
        fields.serialize_field("memberships", memberships)?;
        fields.end()
    }
}

/// Serializes as a map by tenant.
impl Serialize for Memberships {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}
