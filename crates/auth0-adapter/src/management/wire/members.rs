//! The members of a JSON object, such as an account's `app_metadata`.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::lenient::{JsonValue, Levels};

/// The members of an object, ordered by name. Of several with one name, the last counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, JsonValue<'a>)>);

/// A name that deserializes without a copy where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// Reads the members of an object, and this many levels of objects in each.
    pub(super) fn read<A: MapAccess<'a>>(mut map: A, below: Levels) -> Result<Self, A::Error> {
        let mut members = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value_seed(below)?));
        }
        let are_ordered = members.is_sorted_by(|(one, _), (other, _)| one < other);
        if !are_ordered {
            // The sort is stable, so that the last of several comes first here.
            members.reverse();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.dedup_by(|(one, _), (other, _)| one == other);
        }
        Ok(Self(members))
    }

    /// Returns the member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&JsonValue<'a>> {
        self.get_joined(&[name])
    }

    /// Returns the member whose name is made of these parts.
    pub(crate) fn get_joined(&self, parts: &[&str]) -> Option<&JsonValue<'a>> {
        let name = || parts.iter().flat_map(|part| part.bytes());
        let at = self.0.binary_search_by(|(own, _)| own.bytes().cmp(name())).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Returns the members in order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &JsonValue<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Returns whether there are none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the members without borrowing from the response.
    pub(super) fn into_owned(self) -> Members<'static> {
        let owned = |(name, value): (Cow<'_, str>, JsonValue<'_>)| {
            (Cow::Owned(name.into_owned()), value.into_owned())
        };
        Members(self.0.into_iter().map(owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeSeed as _;

    use super::*;

    #[test]
    fn last_member_of_one_name_counts() {
        let body = r#"{"b":"1","a":"2","b":"3","ab":"4"}"#;
        let value = Levels(1).deserialize(&mut serde_json::Deserializer::from_str(body)).unwrap();
        let JsonValue::Object(members) = value else { unreachable!() };
        let shown: Vec<_> = members.iter().map(|(name, value)| (name, value.as_str())).collect();
        assert_eq!(shown, [("a", Some("2")), ("ab", Some("4")), ("b", Some("3"))]);
        assert_eq!(members.get_joined(&["a", "b"]).and_then(JsonValue::as_str), Some("4"));
        assert_eq!(members.get("abc"), None);
    }
}
