//! The JSON of tokens: texts borrow from the token, and duplicate members are refused as in
//! [`strict_json`](crate::strict_json).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool,
    Number(Number),
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object,
}

/// The members of an object, in their order. No two have the same name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// The number of members up to which each is compared with each.
const MAX_PAIRWISE: usize = 32;

impl<'a> Members<'a> {
    /// Parses a JSON object. Returns `None` for other values, for invalid JSON and for duplicate
    /// members at any depth.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        // JSON is UTF-8. Checked as a whole, it need not be checked for each text.
        let text = std::str::from_utf8(text).ok()?;
        serde_json::from_str(text).ok()
    }

    /// Returns the value of a member.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Removes a member, and returns its value. The others lose their order.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Json<'a>> {
        let position = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// Returns whether there is such a member.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Returns whether two members have the same name.
    fn has_duplicates(&self) -> bool {
        let Self(members) = self;
        if members.len() <= MAX_PAIRWISE {
            return members.iter().enumerate().any(|(position, (name, _))| {
                members.iter().take(position).any(|(earlier, _)| earlier == name)
            });
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.array_windows().any(|[one, next]| one == next)
    }
}

impl Json<'_> {
    /// Returns the text, if this is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool | Self::Number(_) | Self::Array(_) | Self::Object => None,
        }
    }

    /// Returns whether this is exactly this text.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        self.as_text() == Some(text)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members<'de>, A::Error> {
        // More than most tokens have.
        let mut members = Vec::with_capacity(16);
        while let Some(Name(name)) = access.next_key()? {
            members.push((name, access.next_value()?));
        }
        let members = Members(members);
        if members.has_duplicates() {
            return Err(A::Error::custom("duplicate member"));
        }
        Ok(members)
    }
}

/// The name of a member, borrowed if it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor).map(Self)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Json<'de>, A::Error> {
        // Nothing in an inner object is used, but its members must be unique too.
        MembersVisitor.visit_map(access).map(|_| Json::Object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;
    use crate::strict_json;

    /// Returns the value as [`Json`] shows it.
    fn shown(value: &Value) -> Json<'_> {
        match value {
            Value::Null => Json::Null,
            Value::Bool(_) => Json::Bool,
            Value::Number(number) => Json::Number(number.clone()),
            Value::String(text) => Json::Text(text.as_str().into()),
            Value::Array(elements) => Json::Array(elements.iter().map(shown).collect()),
            Value::Object(_) => Json::Object,
        }
    }

    /// Checks that both parsers accept the same, and see the same.
    fn assert_like_strict_json(text: &[u8]) {
        let (read, expected) = (Members::parse(text), strict_json::object(text));
        let shown_members = |members: &Map<String, Value>| {
            members
                .iter()
                .map(|(name, value)| (name.clone(), format!("{:?}", shown(value))))
                .collect()
        };
        let read = read.map(|Members(members)| {
            let mut members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| (name.into_owned(), format!("{value:?}")))
                .collect();
            members.sort();
            members
        });
        let expected: Option<Vec<(String, String)>> = expected.as_ref().map(shown_members);
        assert_eq!(read, expected, "{}", String::from_utf8_lossy(text));
    }

    #[test]
    fn object_is_parsed_as_by_strict_json() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for text in [
            r#"{"a":null,"b":true,"c":-1,"d":1.5,"e":"é\n","f":[{"a":1},{"a":2}],"g":{"a":1}}"#,
            r#"{"c":18446744073709551615,"d":-9223372036854775809,"e":1e999}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[{"a":1,"a":2}]}"#,
            r#"{"b":[{"c":{"a":1,"a":2}}]}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":"\ud800"}"#,
            " {} ",
            "",
            "null",
            "[]",
            "{",
            "{}{}",
            &deep,
        ] {
            assert_like_strict_json(text.as_bytes());
        }
        assert_like_strict_json(b"{\"a\":\"\xff\"}");
        assert_like_strict_json(b"\xff{}");
    }

    #[test]
    fn duplicate_among_many_members_is_refused() {
        for count in [31, 32, 33, 34, 200] {
            let object = |last: usize| {
                let members: Vec<_> =
                    (1..count).chain([last]).map(|n| format!("\"m{n}\":1")).collect();
                format!("{{{}}}", members.join(","))
            };
            assert!(Members::parse(object(count).as_bytes()).is_some(), "{count}");
            for duplicate in [1, count / 2, count - 1] {
                assert!(Members::parse(object(duplicate).as_bytes()).is_none(), "{count}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_as_by_strict_json(
            text in r#"\{("[ab]":("[ab]"|1|-2\.5|\[("a",)?null\]|\{("[ab]":1,?){0,2}\}),?){0,4}\}"#,
        ) {
            assert_like_strict_json(text.as_bytes());
        }
    }
}
