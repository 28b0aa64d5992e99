//! Readers of the input.

/// Returns the input as text, without the trailing newline of seeds.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().map(|text| text.strip_suffix('\n').unwrap_or(text))
}
