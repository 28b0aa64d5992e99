//! Deserializers without type coercion, whose errors state what is allowed and not what was found.

use std::fmt;

use secrecy::SecretString;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Deserializes a string.
pub(super) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    StrictString::deserialize(deserializer).map(|StrictString(text)| text)
}

/// Deserializes a string, for an optional key.
pub(super) fn optional_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    string(deserializer).map(Some)
}

/// Deserializes a secret, for an optional key. The error does not contain the value.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    string(deserializer)
        .map(|text| Some(text.into()))
        .map_err(|_| D::Error::custom("must be a string"))
}

/// Deserializes a list of strings.
pub(super) fn strings<'de, D: Deserializer<'de>, C: FromIterator<String>>(
    deserializer: D,
) -> Result<C, D::Error> {
    let strings = Vec::<StrictString>::deserialize(deserializer)?;
    Ok(strings.into_iter().map(|StrictString(text)| text).collect())
}

/// Deserializes a non-negative integer.
pub(super) fn integer<'de, D: Deserializer<'de>, T: TryFrom<u64>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let number = deserializer.deserialize_any(IntegerVisitor)?;
    T::try_from(number).map_err(|_| D::Error::custom("is too large"))
}

/// Deserializes a boolean.
pub(super) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    deserializer.deserialize_any(BooleanVisitor)
}

/// Deserializes a number from 0 to 1.
pub(super) fn fraction<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(FractionVisitor)
}

struct StrictString(String);

impl<'de> Deserialize<'de> for StrictString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringVisitor).map(Self)
    }
}

struct StringVisitor;

impl Visitor<'_> for StringVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a non-negative integer")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::custom("must be a non-negative integer"))
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }
}

struct BooleanVisitor;

impl Visitor<'_> for BooleanVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

struct FractionVisitor;

impl Visitor<'_> for FractionVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 0 to 1")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
        match number {
            0 => Ok(0.0),
            1 => Ok(1.0),
            _ => Err(E::custom("must be a number from 0 to 1")),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
        if (0.0..=1.0).contains(&number) {
            Ok(number)
        } else {
            Err(E::custom("must be a number from 0 to 1"))
        }
    }
}
