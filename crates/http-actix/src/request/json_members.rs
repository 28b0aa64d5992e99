//! The members of a JSON object, read without a copy where the text allows it.
//!
//! A member that is repeated, at any depth, is an error, as in [`token_verifier::strict_json`].

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON text.
#[derive(Debug)]
pub(crate) enum JsonText<'a> {
    /// An object, with its members by name.
    Object(BTreeMap<Cow<'a, str>, MemberValue<'a>>),
    /// Another value.
    Other,
}

/// The value of a member, as far as requests use it.
#[derive(Debug)]
pub(crate) enum MemberValue<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A Boolean.
    Bool(bool),
    /// Null.
    Null,
    /// A number, an array or an object.
    Other,
}

/// Returns the error about a member that is repeated.
fn duplicate<E: Error>(name: &str) -> E {
    E::custom(format_args!("duplicate member `{name}`"))
}

/// Visits the values that are no object, for the types whose text is only examined.
macro_rules! visit_other {
    ($other:expr) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($other)
        }

        fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
            if value.is_finite() { Ok($other) } else { Err(E::custom("not a number")) }
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            while access.next_element::<MemberValue<'de>>()?.is_some() {}
            Ok($other)
        }
    };
}

impl<'de> Deserialize<'de> for JsonText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonTextVisitor)
    }
}

struct JsonTextVisitor;

impl<'de> Visitor<'de> for JsonTextVisitor {
    type Value = JsonText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    visit_other!(JsonText::Other);

    fn visit_unit<E>(self) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<JsonText<'de>, E> {
        Ok(JsonText::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<JsonText<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(Text(name)) = access.next_key()? {
            match members.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(access.next_value()?);
                }
                Entry::Occupied(entry) => return Err(duplicate(entry.key())),
            }
        }
        Ok(JsonText::Object(members))
    }
}

impl<'de> Deserialize<'de> for MemberValue<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberValueVisitor)
    }
}

struct MemberValueVisitor;

impl<'de> Visitor<'de> for MemberValueVisitor {
    type Value = MemberValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    visit_other!(MemberValue::Other);

    fn visit_unit<E>(self) -> Result<MemberValue<'de>, E> {
        Ok(MemberValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<MemberValue<'de>, E> {
        Ok(MemberValue::Bool(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<MemberValue<'de>, E> {
        Ok(MemberValue::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<MemberValue<'de>, E> {
        Ok(MemberValue::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<MemberValue<'de>, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(Text(name)) = access.next_key()? {
            if names.contains(&name) {
                return Err(duplicate(&name));
            }
            names.insert(name);
            access.next_value::<MemberValue<'de>>()?;
        }
        Ok(MemberValue::Other)
    }
}

/// A string, borrowed from the text unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use token_verifier::strict_json;

    use super::*;

    /// Asserts that a text is read as by the parser for tokens.
    fn assert_same(text: &[u8]) {
        let strict = strict_json::value(text).map_err(|error| error.to_string());
        let read = serde_json::from_slice::<JsonText<'_>>(text).map_err(|error| error.to_string());
        match (strict, read) {
            (Ok(Value::Object(expected)), Ok(JsonText::Object(members))) => {
                assert!(expected.keys().eq(members.keys()), "{members:?}");
                for (expected, value) in expected.values().zip(members.values()) {
                    match (expected, value) {
                        (Value::String(expected), MemberValue::Text(text)) => {
                            assert_eq!(expected, text);
                        }
                        (Value::Bool(expected), MemberValue::Bool(value)) => {
                            assert_eq!(expected, value);
                        }
                        (Value::Null, MemberValue::Null)
                        | (
                            Value::Number(_) | Value::Array(_) | Value::Object(_),
                            MemberValue::Other,
                        ) => {}
                        (expected, value) => panic!("{expected}: {value:?}"),
                    }
                }
            }
            (Ok(_), Ok(JsonText::Other)) => {}
            (Err(expected), Err(error)) => assert_eq!(expected, error),
            (strict, read) => panic!("{strict:?}: {read:?}"),
        }
    }

    #[test]
    fn texts_are_read_as_by_the_strict_parser() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for text in [
            r#"{"a":"x","b":"\u00e9\n","c":true,"d":null,"e":-1.5e3,"f":[{"a":1}],"g":{}}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            r#"{"b":[[{"a":1,"a":2}]]}"#,
            r#"[{"a":1,"a":2}]"#,
            r#"{"a":1e999}"#,
            "[1,2",
            "[]",
            "null",
            "\"a\"",
            "1e999",
            "{}{}",
            "",
            &deep,
        ] {
            assert_same(text.as_bytes());
        }
        assert_same(b"{\"a\":[\"\xff\"]}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_by_the_strict_parser(
            text in r#"[\[{]?("[ab]":)?([\[{]|[0-9.e-]{1,3}|"[ab\\n]{0,3}"|true|null|,"[ab]":|[\]},]){0,8}"#,
        ) {
            assert_same(text.as_bytes());
        }
    }
}
