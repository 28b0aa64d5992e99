//! Whether an expression is true of a user.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::field::{Field, Kind, Place};
use super::lexer::Part;
use super::parser::{Expr, Limit, Literal, Test};
use super::period;

/// Answers whether a user (first) is a member of an organization (second).
pub type IsMember<'a> = &'a dyn Fn(&str, &str) -> bool;

/// Whether the expression is true of the user.
pub(crate) fn matches(expr: &Expr, user: &Map<String, Value>, is_member: IsMember<'_>) -> bool {
    match expr {
        Expr::Everybody => true,
        Expr::And(exprs) => exprs.iter().all(|expr| matches(expr, user, is_member)),
        Expr::Or(exprs) => exprs.iter().any(|expr| matches(expr, user, is_member)),
        Expr::Not(expr) => !matches(expr, user, is_member),
        Expr::Has(field, test) => match &field.place {
            Place::Path(path) => match path.split_first() {
                Some((root, rest)) => user
                    .get(root)
                    .is_some_and(|value| any_at(value, rest, &|value| holds(field, test, value))),
                None => false,
            },
            Place::EmailDomain => user
                .get("email")
                .and_then(Value::as_str)
                .and_then(|email| email.rsplit_once('@'))
                .is_some_and(|(_, domain)| holds_text(field, test, domain)),
            Place::Organization => match (test, user.get("user_id").and_then(Value::as_str)) {
                (Test::Equals(organization), Some(id)) => is_member(id, &organization.text),
                // The parser lets nothing else through.
                (_, _) => false,
            },
        },
    }
}

/// Whether the test is true of a value down the path, or, for an array, of one of its elements.
fn any_at(value: &Value, path: &[String], test: &dyn Fn(&Value) -> bool) -> bool {
    match (value, path.split_first()) {
        (Value::Array(elements), _) => elements.iter().any(|element| any_at(element, path, test)),
        (Value::Object(members), Some((key, rest))) => {
            members.get(key).is_some_and(|value| any_at(value, rest, test))
        }
        (_, Some(_)) => false,
        (_, None) => test(value),
    }
}

/// Whether the value is in the index at all: null, and what is empty, is not. Documented.
fn is_indexed(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => elements.iter().any(is_indexed),
        Value::Object(members) => members.values().any(is_indexed),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn holds(field: &Field, asked: &Test, value: &Value) -> bool {
    if matches!(asked, Test::Exists) {
        return is_indexed(value);
    }
    match value {
        Value::String(text) => holds_text(field, asked, text),
        Value::Number(number) => match (asked, number.as_f64()) {
            (Test::Equals(literal), Some(number)) => literal.number == Some(number),
            (Test::NumberBetween(lower, upper), Some(number)) => {
                within(lower, upper, |limit| number.partial_cmp(limit))
            }
            (_, _) => false,
        },
        Value::Bool(flag) => {
            let name = if *flag { "true" } else { "false" };
            matches!(asked, Test::Equals(literal) if literal.text == name)
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn holds_text(field: &Field, asked: &Test, stored: &str) -> bool {
    let text = match field.kind {
        // Most text is lower case already.
        Kind::Name | Kind::Folded if stored.chars().any(char::is_uppercase) => {
            Cow::Owned(stored.to_lowercase())
        }
        Kind::Name
        | Kind::Folded
        | Kind::Exact
        | Kind::Flag
        | Kind::Number
        | Kind::Date
        | Kind::Dynamic => Cow::Borrowed(stored),
    };
    match asked {
        Test::Exists => true,
        Test::Equals(literal) => equals(field, literal, &text),
        Test::Like(parts) => like(parts, &text),
        Test::Between(lower, upper) => {
            within(lower, upper, |limit| Some(text.as_ref().cmp(limit.as_str())))
        }
        Test::TimeBetween(from, to) => {
            from.as_ref().is_none_or(|from| from.as_str() <= text.as_ref())
                && to.as_ref().is_none_or(|to| text.as_ref() <= to.as_str())
        }
        Test::NumberBetween(..) => false,
    }
}

fn equals(field: &Field, literal: &Literal, text: &str) -> bool {
    match field.kind {
        Kind::Date => match (literal.period, period::millis(text)) {
            (Some(period), Some(at)) => (period.first..=period.last).contains(&at),
            _ => false,
        },
        Kind::Name if !literal.quoted => {
            text == literal.text || text.split_whitespace().any(|word| word == literal.text)
        }
        Kind::Name | Kind::Folded | Kind::Exact | Kind::Flag | Kind::Number | Kind::Dynamic => {
            text == literal.text
        }
    }
}

/// Whether a value lies between two limits; `compare` orders the value against a limit.
fn within<T>(
    lower: &Limit<T>,
    upper: &Limit<T>,
    compare: impl Fn(&T) -> Option<std::cmp::Ordering>,
) -> bool {
    let allows = |limit: &Limit<T>, beyond: std::cmp::Ordering| match &limit.value {
        None => true,
        Some(value) => match compare(value) {
            Some(std::cmp::Ordering::Equal) => limit.inclusive,
            Some(ordering) => ordering == beyond,
            None => false,
        },
    };
    allows(lower, std::cmp::Ordering::Greater) && allows(upper, std::cmp::Ordering::Less)
}

/// Whether the text matches a pattern. Each literal is taken at its first occurrence, the last
/// one at the end, so that the time is linear in the text for each literal.
fn like(parts: &[Part], text: &str) -> bool {
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
