//! Texts within log entries, escaped as the formatters of `tracing` do.

use std::fmt::{self, Write as _};

use super::one_line::is_control;

/// Appends a text with quotation marks around it, as `Debug` writes it.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing to memory does not fail.
        let _ = write!(OneLine(out), "{text:?}");
    }
}

/// Appends a text without quotation marks, of which every character is escaped that ends a line or
/// controls a terminal.
pub(super) fn push_one_line(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let _ = OneLine(out).write_str(text);
    }
}

/// Appends a text as a JSON string.
pub(super) fn push_json(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.bytes().for_each(|byte| push_json_byte(out, byte));
    }
    out.push(b'"');
}

/// Whether neither format escapes anything in a text: it is printable ASCII without quotation marks
/// and backslashes.
fn is_plain(text: &str) -> bool {
    // Without a branch for each byte, the compiler makes it a vector operation.
    let is_special = |byte: u8| !matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
    !text.bytes().fold(false, |found, byte| found | is_special(byte))
}

/// RFC 8259 §7. Bytes of characters beyond ASCII are kept.
fn push_json_byte(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        0..=0x1f => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return;
        }
        _ => {
            out.push(byte);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Escapes what is written.
struct OneLine<'a>(&'a mut Vec<u8>);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if is_control(c) {
                self.0.extend(c.escape_default().map(|c| u8::try_from(c).unwrap_or(b'?')));
            } else {
                self.0.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_debug_and_json_do() {
        let characters = (0..0x300).chain(0x2000..0x2100).chain([0xfeff, 0x1f600, 0xe0001]);
        for c in characters.filter_map(char::from_u32) {
            let text = format!("a{c}b");
            let (mut quoted, mut json) = (Vec::new(), Vec::new());
            push_quoted(&mut quoted, &text);
            push_json(&mut json, &text);
            let quoted = String::from_utf8(quoted).unwrap();
            assert!(!quoted.contains(is_control), "{quoted:?}");
            assert_eq!(quoted, format!("{text:?}"));
            assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn unquoted_text_cannot_end_its_line() {
        let mut out = Vec::new();
        push_one_line(&mut out, "a\"\\b\n\u{2028}é");
        assert_eq!(String::from_utf8(out).unwrap(), "a\"\\b\\n\\u{2028}é");
    }
}
