//! The two metadata objects of a user.
//!
//! Documented and observed: PATCH merges at the first level only, a nested object is replaced,
//! `null` deletes a key, and `{}` removes everything, after which `user_metadata` is `{}` and
//! `app_metadata` is absent. Names must not contain `.` or `$`, and `app_metadata` must not contain
//! the names of Auth0's own fields. Assumed: this applies to names at every level; the error texts;
//! objects emptied key by key are shown as those emptied by `{}`.

use serde_json::{Map, Value};

/// One of the two metadata objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    App,
    User,
}

/// Names that `app_metadata` must not contain at its first level. Documented.
const RESERVED: [&str; 18] = [
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email",
    "email_verified",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor",
    "multifactor_last_modified",
    "updated_at",
    "user_id",
];

impl Metadata {
    pub(crate) const BOTH: [Self; 2] = [Self::App, Self::User];

    /// Returns the name of the member in a profile.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::App => "app_metadata",
            Self::User => "user_metadata",
        }
    }

    /// Rejects invalid and reserved names, with an error text.
    pub(crate) fn check_names(self, metadata: &Map<String, Value>) -> Result<(), String> {
        let reserved: Vec<&str> = metadata
            .keys()
            .map(String::as_str)
            .filter(|key| self == Self::App && RESERVED.contains(key))
            .collect();
        if !reserved.is_empty() {
            return Err(format!("Invalid property names: {}", reserved.join(",")));
        }
        match metadata.iter().find_map(|(key, value)| find_invalid_name(key, value)) {
            Some(key) => Err(format!("Property names may not contain '.' or '$': {key}")),
            None => Ok(()),
        }
    }

    /// Merges a change into a profile.
    pub(crate) fn merge_into(self, profile: &mut Map<String, Value>, change: &Map<String, Value>) {
        let mut merged = match profile.remove(self.key()) {
            Some(Value::Object(stored)) if !change.is_empty() => stored,
            _ => Map::new(),
        };
        for (key, value) in change {
            if value.is_null() {
                merged.remove(key);
            } else {
                merged.insert(key.clone(), value.clone());
            }
        }
        if self == Self::User || !merged.is_empty() {
            profile.insert(self.key().to_owned(), Value::Object(merged));
        }
    }
}

fn find_invalid_name<'a>(key: &'a str, value: &'a Value) -> Option<&'a str> {
    if key.contains(['.', '$']) {
        return Some(key);
    }
    find_invalid_name_in(value)
}

fn find_invalid_name_in(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => {
            members.iter().find_map(|(key, value)| find_invalid_name(key, value))
        }
        Value::Array(elements) => elements.iter().find_map(find_invalid_name_in),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                panic!("{value} is no object")
            }
        }
    }

    #[test]
    fn metadata_merges_at_first_level_only() {
        let stored = json!({"a": 1, "b": {"x": 1, "y": 2}, "c": [1]});
        for (change, merged) in [
            (json!({"a": 2}), json!({"a": 2, "b": {"x": 1, "y": 2}, "c": [1]})),
            (json!({"b": {"x": 3}}), json!({"a": 1, "b": {"x": 3}, "c": [1]})),
            (json!({"b": null, "z": null}), json!({"a": 1, "c": [1]})),
            (json!({"c": []}), json!({"a": 1, "b": {"x": 1, "y": 2}, "c": []})),
            (json!({"b": {"x": null}}), json!({"a": 1, "b": {"x": null}, "c": [1]})),
        ] {
            for metadata in Metadata::BOTH {
                let mut profile = object(json!({ metadata.key(): stored }));
                metadata.merge_into(&mut profile, &object(change.clone()));
                assert_eq!(profile.get(metadata.key()), Some(&merged), "{change}");
            }
        }
    }

    #[test]
    fn empty_object_clears_metadata() {
        let mut profile = object(json!({"app_metadata": {"a": 1}, "user_metadata": {"a": 1}}));
        for metadata in Metadata::BOTH {
            metadata.merge_into(&mut profile, &Map::new());
        }
        assert_eq!(Value::Object(profile), json!({"user_metadata": {}}));
    }

    #[test]
    fn invalid_and_reserved_metadata_names_are_rejected() {
        for (app, user, metadata) in [
            (true, true, json!({"a-b_c": {"d e": [1, {"f": null}]}})),
            (false, true, json!({"email": "x"})),
            (false, true, json!({"user_id": 1})),
            (true, true, json!({"nested": {"email": "x"}})),
            (false, false, json!({"a.b": 1})),
            (false, false, json!({"a$": 1})),
            (false, false, json!({"a": {"b.c": 1}})),
            (false, false, json!({"a": [{"$b": 1}]})),
        ] {
            let metadata = object(metadata);
            assert_eq!(Metadata::App.check_names(&metadata).is_ok(), app, "{metadata:?}");
            assert_eq!(Metadata::User.check_names(&metadata).is_ok(), user, "{metadata:?}");
        }
    }
}
