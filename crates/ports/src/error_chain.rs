//! Errors with their sources, for the log.

use std::error::Error;

/// Returns the error and its sources in one line.
///
/// The JSON log writes only the outermost error, which seldom states the cause.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
