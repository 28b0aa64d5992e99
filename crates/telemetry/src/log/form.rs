//! The two forms of a log entry, as the formatters of `tracing` write them.

use tracing::Level;

use super::escape::{push_json, push_one_line, push_quoted};
use super::timestamp;
use crate::hex::hex_digits;

/// The form of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, perhaps with colours.
    Text { ansi: bool },
    /// JSON.
    Json,
}

impl Form {
    /// Appends an entry, as a line.
    pub(super) fn push_entry(
        self,
        out: &mut Vec<u8>,
        level: Level,
        target: &str,
        message: &str,
        fields: impl FnOnce(&mut EntryFields<'_>),
    ) {
        match self {
            Self::Text { ansi } => {
                push_text_head(out, level, ansi);
                push_styled(out, DIMMED, target.as_bytes(), ansi);
                push_styled(out, DIMMED, b":", ansi);
                out.push(b' ');
                out.extend_from_slice(message.as_bytes());
                fields(&mut EntryFields { out, is_json: false });
                out.push(b'\n');
            }
            Self::Json => {
                out.extend_from_slice(b"{\"timestamp\":\"");
                timestamp::push_now(out);
                out.extend_from_slice(b"\",\"level\":\"");
                out.extend_from_slice(level.as_str().as_bytes());
                out.extend_from_slice(b"\",\"fields\":{\"message\":\"");
                out.extend_from_slice(message.as_bytes());
                out.push(b'"');
                fields(&mut EntryFields { out, is_json: true });
                out.extend_from_slice(b"},\"target\":\"");
                out.extend_from_slice(target.as_bytes());
                out.extend_from_slice(b"\"}\n");
            }
        }
    }
}

/// Appends the fields of an entry. Names are not escaped.
///
/// The functions are inlined, so that names are copied as constants.
#[derive(Debug)]
pub struct EntryFields<'a> {
    out: &'a mut Vec<u8>,
    is_json: bool,
}

impl EntryFields<'_> {
    /// Appends a text.
    #[inline]
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        if self.is_json {
            push_json(self.out, value);
        } else {
            push_quoted(self.out, value);
        }
    }

    /// Appends a text without quotation marks where the form allows it, as `%value` does.
    #[inline]
    pub fn display(&mut self, name: &'static str, value: &str) {
        self.name(name);
        if self.is_json {
            push_json(self.out, value);
        } else {
            push_one_line(self.out, value);
        }
    }

    /// Appends a whole number.
    #[inline]
    pub fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// Appends a number as a text of 16 hexadecimal digits.
    #[inline]
    pub fn hex(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(&hex_digits(value));
        self.out.push(b'"');
    }

    /// Appends a number of thousandths as a decimal number: 1400 as `1.4`.
    #[inline]
    pub fn thousandths(&mut self, name: &'static str, value: u64) {
        self.number(name, value / 1000);
        let digits = |value: u64| b'0' + u8::try_from(value % 10).unwrap_or(0);
        let rest = value % 1000;
        let decimals = [b'.', digits(rest / 100), digits(rest / 10), digits(rest)];
        let length = match rest {
            _ if rest.is_multiple_of(100) => 2,
            _ if rest.is_multiple_of(10) => 3,
            _ => 4,
        };
        self.out.extend(decimals.iter().take(length));
    }

    #[inline]
    fn name(&mut self, name: &'static str) {
        if self.is_json {
            self.out.extend_from_slice(b",\"");
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"\":");
        } else {
            self.out.push(b' ');
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'=');
        }
    }
}

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const DIMMED: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Appends the time and the level.
pub(super) fn push_text_head(out: &mut Vec<u8>, level: Level, ansi: bool) {
    if ansi {
        out.extend_from_slice(DIMMED.as_bytes());
    }
    timestamp::push_now(out);
    if ansi {
        out.extend_from_slice(RESET.as_bytes());
    }
    out.push(b' ');
    let (name, colour) = match level {
        Level::ERROR => (b"ERROR", "\x1b[31m"),
        Level::WARN => (b" WARN", "\x1b[33m"),
        Level::INFO => (b" INFO", "\x1b[32m"),
        Level::DEBUG => (b"DEBUG", "\x1b[34m"),
        Level::TRACE => (b"TRACE", "\x1b[35m"),
    };
    push_styled(out, colour, name, ansi);
    out.push(b' ');
}

/// Appends a text in a style of the terminal.
pub(super) fn push_styled(out: &mut Vec<u8>, style: &str, text: &[u8], ansi: bool) {
    if ansi {
        out.extend_from_slice(style.as_bytes());
    }
    out.extend_from_slice(text);
    if ansi {
        out.extend_from_slice(RESET.as_bytes());
    }
}
