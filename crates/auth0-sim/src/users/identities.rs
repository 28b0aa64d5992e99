//! The identities of a user: the primary one and the linked ones.
//!
//! Documented: the first identity is the primary one, its attributes are those of the profile; the
//! attributes of a linked one are in its `profileData`; names of other providers keep their case.
//! Assumed: a linked identity of a database connection keeps its password, and logs in with the
//! names in its `profileData`.

use serde_json::{Map, Value, json};

use super::profile::{DATABASE, Profile, text};

/// The index of the primary identity.
pub(crate) const PRIMARY: usize = 0;

/// The attributes with which a user logs in.
const LOGIN_ATTRIBUTES: [&str; 3] = ["email", "username", "phone_number"];

/// The providers of enterprise connections. `isSocial` is false for them.
const ENTERPRISE_PROVIDERS: [&str; 12] = [
    "ad",
    "adfs",
    "auth0-adldap",
    "google-apps",
    "ip",
    "office365",
    "oidc",
    "okta",
    "pingfederate",
    "samlp",
    "sharepoint",
    "waad",
];

/// A name with which an identity logs in, unique in its connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LoginName {
    /// The name of the connection.
    pub(crate) connection: String,
    /// The attribute: `email`, `username` or `phone_number`.
    pub(crate) attribute: &'static str,
    pub(crate) value: String,
}

/// Returns whether the provider is one of enterprise connections.
pub(crate) fn is_enterprise(provider: &str) -> bool {
    ENTERPRISE_PROVIDERS.contains(&provider)
}

/// Returns the identity of a new user.
pub(crate) fn new_identity(connection: &str, provider: &str, id: &str) -> Value {
    let is_own = [DATABASE, "email", "sms"].contains(&provider) || is_enterprise(provider);
    json!({
        "connection": connection,
        "provider": provider,
        "user_id": id,
        "isSocial": !is_own,
    })
}

/// Returns the identities, or none if the profile has no valid list.
pub(crate) fn identities(profile: &Profile) -> &[Value] {
    profile.get("identities").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a text member of the identity with this index, or "".
pub(crate) fn member<'a>(profile: &'a Profile, index: usize, key: &str) -> &'a str {
    identities(profile)
        .get(index)
        .and_then(|one| one.get(key))
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// Returns the index of the first identity of the connection.
pub(crate) fn find_in_connection(profile: &Profile, connection: &str) -> Option<usize> {
    (PRIMARY..identities(profile).len())
        .find(|index| member(profile, *index, "connection") == connection)
}

/// Returns the index of the identity with this provider and this id, which may be a number.
pub(crate) fn find_by_id(profile: &Profile, provider: &str, id: &str) -> Option<usize> {
    (PRIMARY..identities(profile).len()).find(|index| {
        member(profile, *index, "provider") == provider && id_text(profile, *index) == id
    })
}

/// Returns `provider|id` of the identity with this index.
pub(crate) fn identity_key(profile: &Profile, index: usize) -> String {
    format!("{}|{}", member(profile, index, "provider"), id_text(profile, index))
}

/// Returns the id of the identity, which is a string or a number (documented).
fn id_text(profile: &Profile, index: usize) -> String {
    match identities(profile).get(index).and_then(|one| one.get("user_id")) {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    }
}

/// Returns the attributes of the identity with this index.
pub(crate) fn attributes(profile: &Profile, index: usize) -> Option<&Map<String, Value>> {
    if index == PRIMARY {
        return Some(profile);
    }
    identities(profile).get(index)?.get("profileData")?.as_object()
}

/// Returns the attributes of the identity with this index, which get created if they are missing.
pub(crate) fn attributes_mut(
    profile: &mut Profile,
    index: usize,
) -> Option<&mut Map<String, Value>> {
    if index == PRIMARY {
        return Some(profile);
    }
    let identity = profile.get_mut("identities")?.get_mut(index)?.as_object_mut()?;
    identity.entry("profileData").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// Returns the names with which the identities log in.
pub(crate) fn login_names(profile: &Profile) -> Vec<LoginName> {
    let mut names = Vec::new();
    for index in PRIMARY..identities(profile).len() {
        let connection = member(profile, index, "connection");
        let Some(attributes) = attributes(profile, index) else { continue };
        for attribute in LOGIN_ATTRIBUTES {
            if let Some(value) = text(attributes, attribute) {
                let (connection, value) = (connection.to_owned(), value.to_owned());
                names.push(LoginName { connection, attribute, value });
            }
        }
    }
    names
}

/// Returns the index of the identity that logs in with this name.
pub(crate) fn find_by_login_name(profile: &Profile, name: &LoginName) -> Option<usize> {
    (PRIMARY..identities(profile).len()).find(|index| {
        member(profile, *index, "connection") == name.connection
            && attributes(profile, *index)
                .and_then(|attributes| text(attributes, name.attribute))
                .is_some_and(|value| value == name.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_names_are_those_of_each_identity() {
        let profile = json!({
            "email": "Jane@acme.example",
            "identities": [
                {"connection": "acme", "provider": "samlp", "user_id": "acme|Jane"},
                {"connection": "db", "provider": "auth0", "user_id": 7,
                 "profileData": {"email": "j@acme.example", "username": "jane"}},
            ],
        });
        let profile = profile.as_object().unwrap();
        let names = login_names(profile);
        let found: Vec<_> = names.iter().map(|n| (n.connection.as_str(), n.attribute)).collect();
        assert_eq!(found, [("acme", "email"), ("db", "email"), ("db", "username")]);
        assert_eq!(names[0].value, "Jane@acme.example");
        assert_eq!(identity_key(profile, 1), "auth0|7");
        assert_eq!(find_by_id(profile, "auth0", "7"), Some(1));
        assert_eq!(find_in_connection(profile, "acme"), Some(PRIMARY));
    }

    #[test]
    fn only_social_providers_are_social() {
        for (provider, is_social) in
            [("auth0", false), ("samlp", false), ("sms", false), ("google-oauth2", true)]
        {
            assert_eq!(new_identity("c", provider, "1")["isSocial"], is_social, "{provider}");
        }
    }
}
