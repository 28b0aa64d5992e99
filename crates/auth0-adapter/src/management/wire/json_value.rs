//! JSON values as far as they are read, which borrow from the response.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value as far as it is read: texts are borrowed from the response where they have no
/// escapes, and what is nested more deeply than needed is skipped.
#[derive(Clone, PartialEq)]
pub(crate) enum JsonValue<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    /// An array; without elements if it is nested too deeply.
    Array(Vec<Self>),
    /// An object; without members if it is nested too deeply.
    Object(Members<'a>),
}

impl JsonValue<'_> {
    /// Returns a text; a value of another type is none.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Returns the member of this name; a value of another type has none.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(name),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }

    /// Returns the elements of an array; a value of another type has none.
    pub(super) fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => &[],
        }
    }

    /// Returns the value without borrowing from the response.
    pub(super) fn into_owned(self) -> JsonValue<'static> {
        match self {
            Self::Null => JsonValue::Null,
            Self::Bool(value) => JsonValue::Bool(value),
            Self::Number(number) => JsonValue::Number(number),
            Self::Text(text) => JsonValue::Text(text.into_owned().into()),
            Self::Array(elements) => {
                JsonValue::Array(elements.into_iter().map(JsonValue::into_owned).collect())
            }
            Self::Object(members) => JsonValue::Object(members.into_owned()),
        }
    }
}

/// Shows the type only, since a value may be personal data.
impl fmt::Debug for JsonValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool",
            Self::Number(_) => "Number",
            Self::Text(_) => "Text",
            Self::Array(_) => "Array",
            Self::Object(_) => "Object",
        })
    }
}

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
        let at = self.0.binary_search_by(|(own, _)| (**own).cmp(name)).ok()?;
        self.0.get(at).map(|(_, value)| value)
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

/// Reads a value of any type, and this many levels of what is in it.
#[derive(Clone, Copy)]
pub(super) struct Levels(pub(super) u8);

impl Levels {
    fn below(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = JsonValue<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Levels {
    type Value = JsonValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(JsonValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(value).map_or(JsonValue::Null, JsonValue::Number))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(JsonValue::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(JsonValue::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(JsonValue::Text(Cow::Owned(value)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(JsonValue::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(JsonValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        match self.below() {
            Some(below) => {
                while let Some(element) = elements.next_element_seed(below)? {
                    read.push(element);
                }
            }
            None => while elements.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(JsonValue::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Some(below) = self.below() else {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(JsonValue::Object(Members::default()));
        };
        Members::read(members, below).map(JsonValue::Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_escapes_is_borrowed() {
        let body = r#"{"plain":"Jörg","escaped":"J\u00f6rg"}"#;
        let value = Levels(1).deserialize(&mut serde_json::Deserializer::from_str(body)).unwrap();
        let is_borrowed = |name: &str| match value.get(name) {
            Some(JsonValue::Text(text)) => (matches!(text, Cow::Borrowed(_)), text.to_string()),
            _ => unreachable!(),
        };
        assert_eq!(is_borrowed("plain"), (true, "Jörg".to_owned()));
        assert_eq!(is_borrowed("escaped"), (false, "Jörg".to_owned()));
    }

    #[test]
    fn deeply_nested_value_is_skipped() {
        let text = format!(
            "{{\"a\":{{\"b\":{{\"c\":1}}}},\"deep\":{0}1{1},\"z\":true}}",
            "[".repeat(5000),
            "]".repeat(5000)
        );
        let value = Levels(2).deserialize(&mut serde_json::Deserializer::from_str(&text)).unwrap();
        assert_eq!(value.get("deep"), Some(&JsonValue::Array(vec![JsonValue::Array(Vec::new())])));
        assert_eq!(value.get("z"), Some(&JsonValue::Bool(true)));
        let below = value.get("a").and_then(|a| a.get("b"));
        assert_eq!(below, Some(&JsonValue::Object(Members::default())));
    }

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
