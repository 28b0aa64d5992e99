//! Errors in one line of a log.

use std::error::Error;

/// An error and what lies beneath it, in one line.
///
/// In JSON the log writes of an error only what stands on top, and the reason is seldom there.
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
