//! JSON objects, read one member at a time.
//!
//! `serde` stops at the first error. Here every member is read, so that one response lists every
//! member that is missing or has the wrong type.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::request::json_members::{JsonText, MemberValue};
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::{FieldError, NOT_REPEATED, REQUIRED};

/// A request that is read from a JSON object.
pub(crate) trait FromJsonObject: Sized {
    /// Reads every member before it returns the error about one of them. Other members are
    /// ignored.
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember>;
}

/// Reads a request from a JSON text.
///
/// Repeated members are an error, because readers disagree on which of the two counts (RFC 8259
/// §4). Values are not converted to other types.
pub(crate) fn parse<T: FromJsonObject>(text: &[u8]) -> Result<T, ApiError> {
    let JsonText::Object(object) =
        serde_json::from_slice(text).map_err(|error| syntax_error(&error))?
    else {
        return Err(malformed("The body must be a JSON object."));
    };
    let mut members = Members { object, errors: Vec::new() };
    T::from_members(&mut members).map_err(|InvalidMember| ApiError::from_fields(members.errors))
}

fn syntax_error(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    match text.strip_prefix("duplicate member `").and_then(|rest| rest.split('`').next()) {
        Some(name) if error.is_data() => {
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            ApiError::from_fields(vec![member_error(name, NOT_REPEATED)])
        }
        _ => malformed("The body must be valid JSON."),
    }
}

fn malformed(detail: &'static str) -> ApiError {
    ApiError::new(ErrorCode::MalformedRequest, detail)
}

fn member_error(name: impl Into<Cow<'static, str>>, predicate: &str) -> FieldError {
    FieldError::field(name, ErrorCode::MalformedRequest, predicate)
}

/// The error about a member, which [`Members`] has recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InvalidMember;

/// The members of an object, and the errors found in them so far.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    object: BTreeMap<Cow<'a, str>, MemberValue<'a>>,
    errors: Vec<FieldError>,
}

impl Members<'_> {
    /// Reads a member that must be present.
    pub(crate) fn required<T: FromMember>(
        &mut self,
        name: &'static str,
    ) -> Result<T, InvalidMember> {
        match self.object.remove(name) {
            Some(value) => self.read(name, value),
            None => Err(self.record(name, REQUIRED)),
        }
    }

    /// Reads a member that may be absent; null is allowed only if `T` is an `Option`.
    pub(crate) fn optional<T: FromMember>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, InvalidMember> {
        self.object.remove(name).map(|value| self.read(name, value)).transpose()
    }

    fn read<T: FromMember>(
        &mut self,
        name: &'static str,
        value: MemberValue<'_>,
    ) -> Result<T, InvalidMember> {
        T::from_value(value).ok_or_else(|| self.record(name, T::PREDICATE))
    }

    fn record(&mut self, name: &'static str, predicate: &str) -> InvalidMember {
        self.errors.push(member_error(name, predicate));
        InvalidMember
    }
}

/// A type that a member can have.
pub(crate) trait FromMember: Sized {
    /// The predicate of the error about a value of another type.
    const PREDICATE: &'static str;

    /// Returns the value if it has this type, without conversion.
    fn from_value(value: MemberValue<'_>) -> Option<Self>;
}

impl FromMember for String {
    const PREDICATE: &'static str = "must be a string";

    fn from_value(value: MemberValue<'_>) -> Option<Self> {
        if let MemberValue::Text(text) = value { Some(text.into_owned()) } else { None }
    }
}

impl FromMember for Option<String> {
    const PREDICATE: &'static str = "must be a string or null";

    fn from_value(value: MemberValue<'_>) -> Option<Self> {
        match value {
            MemberValue::Text(text) => Some(Some(text.into_owned())),
            MemberValue::Null => Some(None),
            MemberValue::Bool(_) | MemberValue::Other => None,
        }
    }
}

impl FromMember for bool {
    const PREDICATE: &'static str = "must be true or false";

    fn from_value(value: MemberValue<'_>) -> Option<Self> {
        if let MemberValue::Bool(value) = value { Some(value) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Sample;

    impl FromJsonObject for Sample {
        fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
            members.required::<String>("email").map(|_| Self)
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_malformed(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Err(api_error) = parse::<Sample>(&bytes) {
                prop_assert_eq!(api_error.code().as_str(), "malformed_request");
            }
        }

        #[test]
        fn errors_do_not_repeat_values(value in "[a-z]{12}", number in 1_000_000_000_u64..) {
            for body in [
                format!("{{\"email\":{number}}}"),
                format!("{{\"email\":[\"{value}\"]}}"),
                format!("[\"{value}\"]"),
                format!("{{\"email\":\"{value}"),
            ] {
                let api_error = parse::<Sample>(body.as_bytes()).unwrap_err();
                let text = format!("{} {:?}", api_error.detail(), api_error.field_errors());
                prop_assert!(!text.contains(&value) && !text.contains(&number.to_string()), "{}", text);
            }
        }
    }
}
