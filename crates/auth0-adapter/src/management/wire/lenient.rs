//! Lenient reading of single members: a value of another type or form than documented must not
//! hide the account, and still less the others of a list.
//!
//! Identity providers, imports and scripts of the tenant's owner write into accounts, so that a flag
//! may be a text, and a time may lack its offset.

use std::borrow::Cow;

use domain::Timestamp;

use super::json_value::JsonValue;

/// Numbers from here on are milliseconds since 1970, not seconds: the year 5138 in seconds.
const MIN_MILLIS: i64 = 100_000_000_000;

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

#[cfg(test)]
mod tests {
    use serde::de::DeserializeSeed as _;
    use serde_json::{Value, json};

    use super::super::json_value::Levels;
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
}
