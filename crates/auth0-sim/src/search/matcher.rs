//! Evaluation of a query for a user.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::field::{Field, FieldSource, Kind};
use super::lexer::Part;
use super::parser::{Condition, Expr, Limit, Literal};
use super::period;

/// A function that returns whether a user (first) is a member of an organization (second).
pub type IsMember<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Returns whether the expression matches the user.
pub(crate) fn matches(expr: &Expr, user: &Map<String, Value>, is_member: IsMember<'_>) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(exprs) => exprs.iter().all(|expr| matches(expr, user, is_member)),
        Expr::Or(exprs) => exprs.iter().any(|expr| matches(expr, user, is_member)),
        Expr::Not(expr) => !matches(expr, user, is_member),
        Expr::Field(field, condition) => match &field.source {
            FieldSource::Path(path) => match path.split_first() {
                Some((root, rest)) => user.get(root).is_some_and(|value| {
                    any_value_at(value, rest, &|value| value_matches(field, condition, value))
                }),
                None => false,
            },
            FieldSource::EmailDomain => user
                .get("email")
                .and_then(Value::as_str)
                .and_then(|email| email.rsplit_once('@'))
                .is_some_and(|(_, domain)| text_matches(field, condition, domain)),
            FieldSource::Organization => {
                match (condition, user.get("user_id").and_then(Value::as_str)) {
                    (Condition::Equals(organization), Some(id)) => {
                        is_member(id, &organization.text)
                    }
                    // The parser rejects every other condition on organizations.
                    (_, _) => false,
                }
            }
        },
    }
}

/// Returns whether the condition holds for a value on the path. For an array, one element suffices.
fn any_value_at(value: &Value, path: &[String], condition: &dyn Fn(&Value) -> bool) -> bool {
    match (value, path.split_first()) {
        (Value::Array(elements), _) => {
            elements.iter().any(|element| any_value_at(element, path, condition))
        }
        (Value::Object(members), Some((key, rest))) => {
            members.get(key).is_some_and(|value| any_value_at(value, rest, condition))
        }
        (_, Some(_)) => false,
        (_, None) => condition(value),
    }
}

/// Returns whether the value is in the index: null and empty values are not. Documented.
fn is_indexed(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => elements.iter().any(is_indexed),
        Value::Object(members) => members.values().any(is_indexed),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn value_matches(field: &Field, condition: &Condition, value: &Value) -> bool {
    if matches!(condition, Condition::Exists) {
        return is_indexed(value);
    }
    match value {
        Value::String(text) => text_matches(field, condition, text),
        Value::Number(number) => match (condition, number.as_f64()) {
            (Condition::Equals(literal), Some(number)) => literal.number == Some(number),
            (Condition::NumberBetween(lower, upper), Some(number)) => {
                is_within(lower, upper, |limit| number.partial_cmp(limit))
            }
            (_, _) => false,
        },
        Value::Bool(flag) => {
            let name = if *flag { "true" } else { "false" };
            matches!(condition, Condition::Equals(literal) if literal.text == name)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn text_matches(field: &Field, condition: &Condition, stored: &str) -> bool {
    let text = match field.kind {
        // Most text is in lower case already.
        Kind::Name | Kind::Email if stored.chars().any(char::is_uppercase) => {
            Cow::Owned(stored.to_lowercase())
        }
        Kind::Name
        | Kind::Email
        | Kind::Exact
        | Kind::Flag
        | Kind::Number
        | Kind::Date
        | Kind::Json => Cow::Borrowed(stored),
    };
    match condition {
        Condition::Exists => true,
        Condition::Equals(literal) => equals(field, literal, &text),
        Condition::Pattern(parts) => matches_pattern(parts, &text),
        Condition::Between(lower, upper) => {
            is_within(lower, upper, |limit| Some(text.as_ref().cmp(limit.as_str())))
        }
        Condition::TimeBetween(from, to) => {
            from.as_ref().is_none_or(|from| from.as_str() <= text.as_ref())
                && to.as_ref().is_none_or(|to| text.as_ref() <= to.as_str())
        }
        Condition::NumberBetween(..) => false,
    }
}

fn equals(field: &Field, literal: &Literal, text: &str) -> bool {
    match field.kind {
        Kind::Date => match (literal.period, period::parse_millis(text)) {
            (Some(period), Some(at)) => (period.first..=period.last).contains(&at),
            _ => false,
        },
        Kind::Name if !literal.quoted => {
            text == literal.text || text.split_whitespace().any(|word| word == literal.text)
        }
        Kind::Name | Kind::Email | Kind::Exact | Kind::Flag | Kind::Number | Kind::Json => {
            text == literal.text
        }
    }
}

/// Returns whether a value lies between two limits; `compare` orders the value against a limit.
fn is_within<T>(
    lower: &Limit<T>,
    upper: &Limit<T>,
    compare: impl Fn(&T) -> Option<std::cmp::Ordering>,
) -> bool {
    let is_inside = |limit: &Limit<T>, beyond: std::cmp::Ordering| match &limit.value {
        None => true,
        Some(value) => match compare(value) {
            Some(std::cmp::Ordering::Equal) => limit.inclusive,
            Some(ordering) => ordering == beyond,
            None => false,
        },
    };
    is_inside(lower, std::cmp::Ordering::Greater) && is_inside(upper, std::cmp::Ordering::Less)
}

/// Returns whether the text matches a pattern. Each literal is matched at its first occurrence and
/// the last one at the end, so the time is linear in the text for each literal.
fn matches_pattern(parts: &[Part], text: &str) -> bool {
    let mut rest = text;
    let mut anchored = true;
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Any => anchored = false,
            Part::Text(literal) if anchored => match rest.strip_prefix(literal.as_str()) {
                Some(after) => rest = after,
                None => return false,
            },
            Part::Text(literal) if at + 1 == parts.len() => {
                return rest.ends_with(literal.as_str());
            }
            Part::Text(literal) => match rest.split_once(literal.as_str()) {
                Some((_, after)) => {
                    rest = after;
                }
                None => return false,
            },
        }
    }
    !anchored || rest.is_empty()
}
