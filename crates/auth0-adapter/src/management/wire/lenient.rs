//! Lenient reading of single members: a value of another type or form than documented must not
//! hide the account, and still less the others of a list.
//!
//! Identity providers, imports and scripts of the tenant's owner write into accounts, so that a flag
//! may be a text, and a time may lack its offset.

use std::borrow::Cow;
use std::fmt;

use domain::Timestamp;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::members::Members;

/// Numbers from here on are milliseconds since 1970, not seconds: the year 5138 in seconds.
const MIN_MILLIS: i64 = 100_000_000_000;

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

/// Returns a text; a value of another type is none.
pub(super) fn text(value: JsonValue<'_>) -> Option<Cow<'_, str>> {
    match value {
        JsonValue::Text(text) => Some(text),
        JsonValue::Null
        | JsonValue::Bool(_)
        | JsonValue::Number(_)
        | JsonValue::Array(_)
        | JsonValue::Object(_) => None,
    }
}

/// Returns whether a flag is set that takes rights away: what is neither absent nor recognized as
/// unset counts as set.
pub(super) fn restrictive_flag(value: &JsonValue<'_>) -> bool {
    match value {
        JsonValue::Null => false,
        JsonValue::Bool(flag) => *flag,
        JsonValue::Number(number) => number.as_f64() != Some(0.0),
        JsonValue::Text(text) => {
            let text = text.trim();
            !["", "0", "false", "no", "off"].iter().any(|unset| text.eq_ignore_ascii_case(unset))
        }
        JsonValue::Array(_) | JsonValue::Object(_) => true,
    }
}

/// Returns a moment: RFC 3339, the same with a blank for `T` or without an offset (UTC), a date, or
/// seconds or milliseconds since 1970 as a number or a text.
pub(super) fn moment(value: &JsonValue<'_>) -> Option<Timestamp> {
    match value {
        JsonValue::Text(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| moment_of_text(text))
                .or_else(|| moment_of(text.parse().ok()?))
        }
        JsonValue::Number(number) => moment_of(number.as_i64()?),
        JsonValue::Null | JsonValue::Bool(_) | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

fn moment_of_text(text: &str) -> Option<Timestamp> {
    let with_separator = text.replacen(' ', "T", 1);
    let candidates = [
        with_separator.clone(),
        format!("{with_separator}Z"),
        format!("{with_separator}:00"),
        format!("{text}T00:00:00Z"),
    ];
    candidates.iter().find_map(|candidate| candidate.parse().ok())
}

fn moment_of(number: i64) -> Option<Timestamp> {
    let millis = if number < MIN_MILLIS { number.checked_mul(1000)? } else { number };
    Timestamp::from_unix_millis(millis).ok()
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
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> JsonValue<'_> {
        Levels(2).deserialize(value).unwrap()
    }

    #[test]
    fn flag_of_another_type_is_read() {
        for unset in
            [json!(null), json!(false), json!("false"), json!("False "), json!(0), json!("")]
        {
            assert!(!restrictive_flag(&read(&unset)), "{unset}");
        }
        for set in [
            json!(true),
            json!("true"),
            json!("TRUE"),
            json!(1),
            json!("1"),
            json!({}),
            json!([]),
            json!({"a": {"b": {}}}),
        ] {
            assert!(restrictive_flag(&read(&set)), "{set}");
        }
    }

    #[test]
    fn time_of_another_form_is_read() {
        for odd in [
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02T04:04:05.000+01:00"),
            json!(" 2026-01-02T03:04:05.000Z "),
            json!("2026-01-02 03:04:05"),
            json!("2026-01-02 05:04:05+02:00"),
            json!("2026-01-02T03:04:05.000000"),
            json!(1_767_323_045),
            json!(1_767_323_045_000_i64),
            json!("1767323045"),
        ] {
            let moment = moment(&read(&odd)).map(|moment| moment.to_string());
            assert_eq!(moment.as_deref(), Some("2026-01-02T03:04:05.000Z"), "{odd}");
        }
        let date = moment(&read(&json!("2026-01-02"))).unwrap();
        assert_eq!(date.to_string(), "2026-01-02T00:00:00.000Z");
        for none in
            [json!(null), json!("yesterday"), json!(""), json!({}), json!(1e300), json!(true)]
        {
            assert_eq!(moment(&read(&none)), None, "{none}");
        }
    }

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
}
