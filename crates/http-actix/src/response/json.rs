//! Serializers for members of views, and for long lists.

use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::response::api_error::ApiError;

/// Renders a list, without a copy of its entries and with no more memory than its text has.
pub(crate) fn list<T: Serialize>(entries: impl Iterator<Item = T>) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut text);
    serializer
        .collect_seq(entries)
        .map_err(|error| ApiError::internal("a list cannot be rendered").with_cause(error))?;
    text.shrink_to_fit();
    Ok(text)
}

/// Appends an entry of a list to its text.
pub(crate) fn append(text: &mut Vec<u8>, entry: &impl Serialize) -> Result<(), ApiError> {
    serde_json::to_writer(text, entry)
        .map_err(|error| ApiError::internal("a list cannot be rendered").with_cause(error))
}

/// Serializes a value as its text.
pub(crate) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Serializes a value as its text, or as null.
#[expect(clippy::ref_option, reason = "serde passes a reference to the member")]
pub(crate) fn optional_text<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(AsText).serialize(serializer)
}

struct AsText<'a, T>(&'a T);

impl<T: Display> Serialize for AsText<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}
