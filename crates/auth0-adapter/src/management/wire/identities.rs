//! The identities of an account.

use super::json_value::JsonValue;

/// The connections of an account: an array of objects with a `connection` each. Anything but an
/// array counts as an empty one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identities<'a>(JsonValue<'a>);

impl<'a> Identities<'a> {
    pub(super) fn new(value: JsonValue<'a>) -> Self {
        Self(value)
    }

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
        !self.0.elements().is_empty() && self.connections().all(is_allowed)
    }

    /// Returns the connection of the first identity of a database connection, which has a password.
    pub(crate) fn database(&self) -> Option<&str> {
        let is_database = |identity: &&JsonValue<'_>| {
            identity.get("provider").and_then(JsonValue::as_str) == Some(DATABASE_PROVIDER)
        };
        self.0.elements().iter().find(is_database)?.get("connection")?.as_str()
    }

    fn connections(&self) -> impl Iterator<Item = Option<&str>> {
        self.0
            .elements()
            .iter()
            .map(|identity| identity.get("connection").and_then(JsonValue::as_str))
    }

    /// Returns the identities without borrowing from the response.
    pub(super) fn into_owned(self) -> Identities<'static> {
        Identities(self.0.into_owned())
    }
}

/// The provider of the identities of database connections.
const DATABASE_PROVIDER: &str = "auth0";
