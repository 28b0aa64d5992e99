//! Lenient reading of single members: a value of another type or form than documented must not
//! hide the account, and still less the others of a list.
//!
//! Identity providers, imports and scripts of the tenant's owner write into accounts, so that a flag
//! may be a text, and a time may lack its offset.

use std::fmt;

use domain::Timestamp;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The depth of a value below which nothing is read: metadata may be nested without bound.
const MAX_DEPTH: u8 = 8;
/// Numbers from here on are milliseconds since 1970, not seconds: the year 5138 in seconds.
const MIN_MILLIS: i64 = 100_000_000_000;

/// Returns a text; a value of another type is none.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// Returns whether a flag is set that takes rights away: what is neither absent nor recognized as
/// unset counts as set.
pub(super) fn restrictive_flag(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => {
            let text = text.trim();
            !["", "0", "false", "no", "off"].iter().any(|unset| text.eq_ignore_ascii_case(unset))
        }
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// Returns a moment: RFC 3339, the same with a blank for `T` or without an offset (UTC), a date, or
/// seconds or milliseconds since 1970 as a number or a text.
pub(super) fn moment(value: Option<&Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| moment_of_text(text))
                .or_else(|| moment_of(text.parse().ok()?))
        }
        Value::Number(number) => moment_of(number.as_i64()?),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
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

/// A JSON value without what is nested deeper than [`MAX_DEPTH`], which is read as null.
pub(super) struct ShallowValue(pub(super) Value);

impl<'de> Deserialize<'de> for ShallowValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Depth(MAX_DEPTH).deserialize(deserializer).map(Self)
    }
}

/// How many more levels are read.
#[derive(Clone, Copy)]
struct Depth(u8);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let Some(below) = self.0.checked_sub(1).map(Depth) else {
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(below)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let Some(below) = self.0.checked_sub(1).map(Depth) else {
            while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        let mut values = Map::new();
        while let Some(name) = members.next_key()? {
            values.insert(name, members.next_value_seed(below)?);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flag_of_another_type_is_read() {
        for unset in
            [json!(null), json!(false), json!("false"), json!("False "), json!(0), json!("")]
        {
            assert!(!restrictive_flag(Some(&unset)), "{unset}");
        }
        assert!(!restrictive_flag(None));
        for set in [json!(true), json!("true"), json!("TRUE"), json!(1), json!("1"), json!({})] {
            assert!(restrictive_flag(Some(&set)), "{set}");
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
            let read = moment(Some(&odd)).map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), Some("2026-01-02T03:04:05.000Z"), "{odd}");
        }
        let date = moment(Some(&json!("2026-01-02"))).unwrap();
        assert_eq!(date.to_string(), "2026-01-02T00:00:00.000Z");
        for none in
            [json!(null), json!("yesterday"), json!(""), json!({}), json!(1e300), json!(true)]
        {
            assert_eq!(moment(Some(&none)), None, "{none}");
        }
    }

    #[test]
    fn deeply_nested_value_is_cut() {
        let text = format!(
            "{{\"a\":[1,\"b\",null,true,1.5],\"deep\":{0}1{1}}}",
            "[".repeat(5000),
            "]".repeat(5000)
        );
        let ShallowValue(value) = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], json!([1, "b", null, true, 1.5]));
        assert!(value["deep"][0][0][0].is_array());
    }
}
