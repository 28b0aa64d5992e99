//! Checks the merged settings against the schema: unknown keys, missing keys, types and ranges.
//!
//! Unlike a deserializer, it finds every error and not only the first.

use serde_json::{Map, Value};

use super::error::{Errors, InvalidSettings};
use super::schema::is_section;
use super::suggestion::closest;

/// Checks a value. Replaces what is invalid by a placeholder, so that later checks find further
/// errors.
pub(super) fn check(schema: &Value, value: &mut Value, key: &str, errors: &mut Errors) {
    if !has_type(schema, value) {
        errors.add(InvalidSettings::value(key, expected(schema)));
        *value = placeholder(schema);
        return;
    }
    match value {
        Value::Object(fields) => check_fields(schema, fields, key, errors),
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let schema = schema.get("items").unwrap_or(&Value::Null);
                check(schema, item, &format!("{key}[{index}]"), errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_fields(schema: &Value, fields: &mut Map<String, Value>, key: &str, errors: &mut Errors) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let path = |name: &str| format!("{key}.{name}").trim_start_matches('.').to_owned();
    fields.retain(|name, _| {
        let is_known = properties.contains_key(name);
        if !is_known {
            errors.add(InvalidSettings::value(path(name), unknown(name, properties)));
        }
        is_known
    });
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if let (None, Some(schema)) = (fields.get(name), properties.get(name)) {
            errors.add(InvalidSettings::value(path(name), "is required"));
            fields.insert(name.to_owned(), placeholder(schema));
        }
    }
    for (name, value) in &mut *fields {
        check(&properties[name], value, &path(name), errors);
    }
    // The placeholder of an optional value.
    fields.retain(|_, value| !value.is_null());
}

fn unknown(name: &str, properties: &Map<String, Value>) -> String {
    let known = properties.keys().map(String::as_str);
    match closest(name, known.clone()) {
        Some(meant) => format!("is not a setting; did you mean {meant}?"),
        None => format!("is not a setting; known here: {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// Returns whether a value has a type of the schema, is in its range and in its enumeration.
fn has_type(schema: &Value, value: &Value) -> bool {
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        return alternatives.iter().any(|schema| matches(schema, value));
    }
    let has_type = match value {
        Value::Null => false,
        Value::Bool(_) => is(schema, "boolean"),
        Value::Number(number) => {
            let is_number =
                if is(schema, "integer") { number.is_u64() } else { is(schema, "number") };
            let number = number.as_f64().unwrap_or(f64::NAN);
            is_number
                && bound(schema, "minimum").is_none_or(|least| number >= least)
                && bound(schema, "maximum").is_none_or(|most| number <= most)
        }
        Value::String(_) => is(schema, "string"),
        Value::Array(_) => is(schema, "array"),
        Value::Object(_) => is(schema, "object"),
    };
    has_type && words(schema).is_none_or(|words| words.contains(value))
}

/// Returns whether a value has no error at all.
fn matches(schema: &Value, value: &Value) -> bool {
    let mut errors = Errors::default();
    check(schema, &mut value.clone(), "", &mut errors);
    errors.is_empty()
}

/// Returns whether the schema has the type, alone or besides null.
pub(super) fn is(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        Some(one) => one == name,
        None => false,
    }
}

fn bound(schema: &Value, name: &str) -> Option<f64> {
    // The type that deserializes the number is not larger.
    let of_format = match (name, schema.get("format").and_then(Value::as_str)) {
        ("maximum", Some("uint32")) => Some(f64::from(u32::MAX)),
        _ => None,
    };
    schema.get(name).and_then(Value::as_f64).or(of_format)
}

fn words(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("enum").and_then(Value::as_array)
}

/// Returns what is allowed, as the reason of an error.
fn expected(schema: &Value) -> String {
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        let texts = alternatives.iter().flat_map(|schema| match words(schema) {
            Some(words) => words.iter().map(Value::to_string).collect(),
            None => vec![example(schema)],
        });
        return format!("must be {}", any_of(&texts.collect::<Vec<_>>()));
    }
    if let Some(words) = words(schema) {
        let words = words.iter().filter_map(Value::as_str).map(str::to_owned);
        return format!("must be {}", any_of(&words.collect::<Vec<_>>()));
    }
    let range = || Some((bound(schema, "minimum")?, bound(schema, "maximum")?));
    match range() {
        Some((least, most)) if is(schema, "integer") => {
            format!("must be an integer from {least} to {most}")
        }
        Some((least, most)) => format!("must be a number from {least} to {most}"),
        None if is(schema, "integer") => "must be a non-negative integer".to_owned(),
        None if is(schema, "boolean") => "must be true or false".to_owned(),
        None if is(schema, "array") => "must be a list".to_owned(),
        None if is(schema, "object") => "must be a table".to_owned(),
        None => "must be a string".to_owned(),
    }
}

/// Returns a table with the keys that the schema requires, as in a file.
fn example(schema: &Value) -> String {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let keys = required.filter_map(Value::as_str).map(|key| format!("{key} = \"…\""));
    format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
}

fn any_of(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [text] => text.clone(),
        [texts @ .., last] => format!("{} or {last}", texts.join(", ")),
    }
}

/// Returns a valid value, or null for an optional one.
fn placeholder(schema: &Value) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(first) = schema.pointer("/anyOf/0") {
        return placeholder(first);
    }
    if is(schema, "null") {
        Value::Null
    } else if let Some(word) = words(schema).and_then(|words| words.first()) {
        word.clone()
    } else if is_section(schema) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        let fields = fields.map(|(name, schema)| (name.clone(), placeholder(schema)));
        Value::Object(fields.filter(|(_, value)| !value.is_null()).collect())
    } else if is(schema, "array") {
        Value::Array(Vec::new())
    } else if is(schema, "boolean") {
        Value::Bool(false)
    } else if is(schema, "integer") || is(schema, "number") {
        Value::from(0)
    } else {
        Value::String(String::new())
    }
}

#[cfg(test)]
mod tests;
