//! Validation of requests by the published API description, with Auth0's error texts.
//!
//! Observed: `Payload validation error: '<what>' on property <name> (<description>).`, and the same
//! with `Query` and `Path`; `<what>` is a message of the JSON schema library z-schema. Documented:
//! the properties, their types and lengths. The descriptions are those of the API description, some
//! of them shortened.

use serde_json::{Map, Value};

use crate::http::error::ApiError;
use crate::http::request::Request;

/// The type and format of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Flag,
    /// A whole number that is not negative.
    Integer,
    Object,
    /// Text with a minimum and a maximum length.
    Text(usize, usize),
    /// Text without whitespace, with a minimum and a maximum length.
    NoWhitespace(usize, usize),
    Email,
    Url,
    Phone,
}

/// A property of a request body.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) rule: Rule,
    /// Whether `null` is allowed.
    pub(crate) nullable: bool,
    pub(crate) description: &'static str,
}

/// A query parameter.
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) rule: ParamRule,
    pub(crate) description: &'static str,
}

/// The type and format of a query parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ParamRule {
    Text,
    Flag,
    Email,
    /// A number with a minimum and a maximum.
    Number(u64, u64),
    /// One of these values.
    OneOf(&'static [&'static str]),
    /// A comma-separated list of these names.
    Names(&'static [&'static str]),
}

const EMAIL_FORMAT: &str = "Object didn't pass validation for format email";

/// Returns the text of a validation error.
fn message(location: &str, what: &str, name: &str, description: &str) -> String {
    format!("{location} validation error: '{what}' on property {name} ({description}).")
}

/// Returns an error about the body as a whole.
pub(crate) fn invalid_body(what: &str) -> ApiError {
    ApiError::invalid_body(format!("Payload validation error: '{what}'."))
}

/// Returns an error about one property of the body.
pub(crate) fn invalid_property(what: &str, property: &Property) -> ApiError {
    ApiError::invalid_body(message("Payload", what, property.name, property.description))
}

/// Validates a body: unknown properties are rejected, with `hint` added to the error.
pub(crate) fn check_body(
    body: &Map<String, Value>,
    properties: &[Property],
    hint: &str,
) -> Result<(), ApiError> {
    let unknown: Vec<&str> = body
        .keys()
        .map(String::as_str)
        .filter(|name| !properties.iter().any(|property| property.name == *name))
        .collect();
    if !unknown.is_empty() {
        let names = unknown.join(",");
        return Err(ApiError::invalid_body(format!(
            "Payload validation error: 'Additional properties not allowed: {names}{hint}'."
        )));
    }
    for property in properties {
        if let Some(value) = body.get(property.name) {
            check_value(value, property).map_err(|what| invalid_property(&what, property))?;
        }
    }
    Ok(())
}

fn check_value(value: &Value, property: &Property) -> Result<(), String> {
    if property.nullable && value.is_null() {
        return Ok(());
    }
    let text = match (property.rule, value) {
        (Rule::Flag, Value::Bool(_)) | (Rule::Object, Value::Object(_)) => return Ok(()),
        (Rule::Integer, Value::Number(number)) if number.is_u64() => return Ok(()),
        (Rule::Integer, _) => return Err(type_mismatch("integer", value)),
        (Rule::Flag, _) => return Err(type_mismatch("boolean", value)),
        (Rule::Object, _) => return Err(type_mismatch("object", value)),
        (_, Value::String(text)) => text,
        (_, _) => return Err(type_mismatch("string", value)),
    };
    match property.rule {
        Rule::Text(min, max) => check_length(text, min, max),
        Rule::NoWhitespace(min, max) => {
            check_length(text, min, max)?;
            if text.chars().any(char::is_whitespace) {
                return Err(format!(r"String does not match pattern ^\S*$: {text}"));
            }
            Ok(())
        }
        Rule::Email if is_email(text) => Ok(()),
        Rule::Email => Err(format!("{EMAIL_FORMAT}: {text}")),
        Rule::Url if is_url(text) => Ok(()),
        Rule::Url => Err(format!("Object didn't pass validation for format strict-uri: {text}")),
        Rule::Phone if is_phone(text) => Ok(()),
        Rule::Phone => Err(format!(r"String does not match pattern ^\+[0-9]{{1,15}}$: {text}")),
        Rule::Flag | Rule::Integer | Rule::Object => Ok(()),
    }
}

fn type_mismatch(expected: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("Expected type {expected} but found type {found}")
}

fn check_length(text: &str, min: usize, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length < min {
        Err(format!("String is too short ({length} chars), minimum {min}"))
    } else if length > max {
        Err(format!("String is too long ({length} chars), maximum {max}"))
    } else {
        Ok(())
    }
}

/// Returns whether a text is an e-mail address, as z-schema's format `email` tells: a local part of
/// up to 64 characters and 254 in all (documented), a domain of at least two labels whose last has
/// two letters or more (observed: `a@b.c` is refused), no invisible characters (observed). Assumed:
/// the rest of the grammar, which is that of the library `validator`, without quoted local parts.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_word = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| {
                c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_foreign(c)
            })
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || is_foreign(c))
    };
    let top = domain.rsplit_once('.').map_or("", |(_, top)| top);
    (1..=64).contains(&local.chars().count())
        && text.chars().count() <= 254
        && local.split('.').all(is_word)
        && domain.split('.').all(is_label)
        && (top.starts_with("xn") || top.chars().all(char::is_alphabetic))
        && top.chars().count() >= 2
}

/// Returns whether a character is a visible one beyond ASCII.
fn is_foreign(c: char) -> bool {
    ('\u{a1}'..='\u{ffef}').contains(&c)
        && !c.is_whitespace()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme))
        && !text.chars().any(char::is_whitespace)
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// Validates a query string: unknown and repeated parameters are rejected.
pub(crate) fn check_query(request: &Request, params: &[Param]) -> Result<(), ApiError> {
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in &request.query {
        let Some(param) = params.iter().find(|param| param.name == name) else {
            return Err(ApiError::invalid_query(format!(
                "Query validation error: 'Additional properties not allowed: {name}'."
            )));
        };
        let checked = if seen.contains(&param.name) {
            Err("Expected type string but found type array".to_owned())
        } else {
            check_param(param.rule, value)
        };
        seen.push(param.name);
        checked.map_err(|what| invalid_param(&what, param))?;
    }
    Ok(())
}

/// Returns an error about one query parameter.
pub(crate) fn invalid_param(what: &str, param: &Param) -> ApiError {
    ApiError::invalid_query(message("Query", what, param.name, param.description))
}

fn check_param(rule: ParamRule, value: &str) -> Result<(), String> {
    match rule {
        ParamRule::Text => Ok(()),
        ParamRule::Flag if matches!(value, "true" | "false") => Ok(()),
        ParamRule::Flag => Err("Expected type boolean but found type string".to_owned()),
        ParamRule::Email if is_email(value) => Ok(()),
        ParamRule::Email => Err(format!("{EMAIL_FORMAT}: {value}")),
        ParamRule::Number(min, max) => match value.parse::<u64>() {
            Ok(number) if number > max => {
                Err(format!("Value {number} is greater than maximum {max}"))
            }
            Ok(number) if number < min => Err(format!("Value {number} is less than minimum {min}")),
            Ok(_) => Ok(()),
            Err(_) if value.parse::<i64>().is_ok() => {
                Err(format!("Value {value} is less than minimum {min}"))
            }
            Err(_) => Err("Expected type integer but found type string".to_owned()),
        },
        ParamRule::OneOf(choices) if choices.contains(&value) => Ok(()),
        ParamRule::OneOf(_) => Err(format!("No enum match for: {value}")),
        ParamRule::Names(names) => {
            if value.is_empty() || value.split(',').all(|name| names.contains(&name.trim())) {
                return Ok(());
            }
            let names = names.join("|");
            Err(format!("String does not match pattern ^(({names}),)*({names})$: {value}"))
        }
    }
}

/// Validates a user id in a path: `provider|id`, without control characters.
///
/// Documented: a malformed id is 400 `invalid_uri`. Assumed: which ids are malformed.
pub(crate) fn check_user_id(id: &str) -> Result<(), ApiError> {
    let is_well_formed = id.split_once('|').is_some_and(|(provider, id)| {
        !provider.is_empty() && !id.is_empty() && !provider.contains(char::is_whitespace)
    });
    if is_well_formed && !id.chars().any(char::is_control) && id.chars().count() <= 1024 {
        return Ok(());
    }
    let what = format!("Object didn't pass validation for format user-id: {id}");
    Err(ApiError::invalid_uri(message("Path", &what, "id", "The user_id of the user.")))
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn email_needs_top_level_domain_of_two_letters() {
        for (text, is_valid) in [
            ("a@b.co", true),
            ("jane.o'roe+x@acme.example", true),
            ("jörg@müller.example", true),
            ("a@b.xn--p1ai", true),
            ("a@b.c", false),
            ("a@b", false),
            ("a@b.c1", false),
            ("a@b..example", false),
            (".a@b.example", false),
            ("a..b@c.example", false),
            ("a@-b.example", false),
            ("a@b_c.example", false),
            ("a b@c.example", false),
            ("\"a b\"@c.example", false),
            ("a\u{200b}@b.example", false),
        ] {
            assert_eq!(is_email(text), is_valid, "{text}");
        }
    }
}
