//! Personal data as text: e-mail addresses, usernames and names.
//!
//! Lengths and character sets are Auth0's (user profile structure; Management API schema).
//! A text of up to 23 bytes is stored in place, a longer one is shared, so that a copy of an account
//! is cheap.

use std::str::FromStr;

use smol_str::SmolStr;
use thiserror::Error;

use crate::character::{is_bidirectional_control, is_visible};
use crate::text_value::{hidden_debug, text_value};

/// An e-mail address, kept and compared in lower case.
///
/// The syntax is the dot-atom form of RFC 5321 §4.1.2, in ASCII, with a domain of at least two
/// labels, whose last one has two letters or more or is an internationalized one (`xn--…`): Auth0
/// accepts no other. The local part has at most 64 characters, the whole at most 254. Only
/// [`EmailAddress::stored`] makes an address of another syntax.
/// `Debug` hides the address, and there is no `Display`, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(SmolStr);

/// Why a text is not an [`EmailAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidEmailAddress {
    /// The text does not have the form `local-part@domain`.
    #[error("must be an e-mail address")]
    Syntax,
    /// The local part has more than 64 characters, or the whole more than 254.
    #[error("must have at most 254 characters, and at most 64 before the @")]
    TooLong,
}

impl EmailAddress {
    const MAX_LENGTH: usize = 254;
    const MAX_LOCAL_LENGTH: usize = 64;
    const MAX_STORED_BYTES: usize = 1024;

    /// Returns the address of an existing account, whatever its syntax: other identity providers
    /// accept addresses that Usher would give no account. None if the text is blank, has control
    /// characters, or has more than 1024 bytes.
    pub fn stored(text: &str) -> Option<Self> {
        let is_shown = !text.trim().is_empty()
            && text.len() <= Self::MAX_STORED_BYTES
            && !text.chars().any(char::is_control);
        is_shown.then(|| Self(text.to_lowercase().into()))
    }
}

text_value!(EmailAddress, "the address in lower case,");
hidden_debug!(EmailAddress);

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmailAddress::Syntax)?;
        if !local.split('.').all(is_atom) || !is_mail_domain(domain) {
            return Err(InvalidEmailAddress::Syntax);
        }
        if text.len() > Self::MAX_LENGTH || local.len() > Self::MAX_LOCAL_LENGTH {
            return Err(InvalidEmailAddress::TooLong);
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }
}

/// RFC 5321 `Atom`: one or more `atext` characters.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

/// RFC 5321 `Domain` of at least two labels, with a top-level domain that Auth0 accepts: its API
/// validates addresses with validator.js (`isEmail` with `require_tld`), of which the text of its
/// error is known.
fn is_mail_domain(domain: &str) -> bool {
    let is_top_level = |label: &str| {
        let is_internationalized =
            label.len() >= 4 && label.get(..2).is_some_and(|xn| xn.eq_ignore_ascii_case("xn"));
        is_internationalized || label.len() >= 2 && label.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top_level = domain.rsplit_once('.').map(|(_, top_level)| top_level);
    domain.split('.').all(label) && top_level.is_some_and(is_top_level)
}

/// A username: a second way to log in, kept and compared in lower case.
///
/// 1 to 128 ASCII letters, digits and ``@ ^ $ . ! ` - # + ' ~ _``, but not an e-mail address
/// (Auth0, "Require username").
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Username(SmolStr);

/// Why a text is not a [`Username`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUsername {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// More than 128 characters.
    #[error("must have at most 128 characters")]
    TooLong,
    /// A character that is not allowed in usernames.
    #[error("must contain only letters, digits and @ ^ $ . ! ` - # + ' ~ _")]
    ForbiddenCharacter,
    /// The text is an e-mail address, and so ambiguous at login.
    #[error("must not be an e-mail address")]
    IsEmailAddress,
}

impl Username {
    const MAX_LENGTH: usize = 128;
}

text_value!(Username, "the username in lower case,");
hidden_debug!(Username);

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"@^$.!`-#+'~_".contains(&b);
        if text.is_empty() {
            Err(InvalidUsername::Empty)
        } else if !text.bytes().all(allowed) {
            Err(InvalidUsername::ForbiddenCharacter)
        } else if text.len() > Self::MAX_LENGTH {
            Err(InvalidUsername::TooLong)
        } else if EmailAddress::from_str(text).is_ok() {
            Err(InvalidUsername::IsEmailAddress)
        } else {
            Ok(Self(text.to_ascii_lowercase().into()))
        }
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// More characters than allowed for this kind of name.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The maximum length, in Unicode scalar values.
        max: usize,
    },
    /// A control character or a line separator, which could break a line in a log or on a screen.
    #[error("must not contain control characters or line separators")]
    ControlCharacter,
    /// A character that reorders the text around it, on the page that shows the name.
    #[error("must not contain bidirectional control characters")]
    BidirectionalControl,
    /// Only blanks and invisible characters.
    #[error("must contain a visible character")]
    Invisible,
}

fn name(text: &str, max: usize) -> Result<SmolStr, InvalidName> {
    if text.is_empty() {
        Err(InvalidName::Empty)
    } else if text.chars().count() > max {
        Err(InvalidName::TooLong { max })
    } else if text.chars().any(breaks_line) {
        Err(InvalidName::ControlCharacter)
    } else if text.chars().any(is_bidirectional_control) {
        Err(InvalidName::BidirectionalControl)
    } else if !text.chars().any(is_visible) {
        Err(InvalidName::Invisible)
    } else {
        Ok(text.into())
    }
}

/// Returns what is valid of a name: without the characters that are not allowed, and cut off at the
/// maximum length.
fn cleaned_name(text: &str, max: usize) -> Option<SmolStr> {
    // Most names are valid as they are.
    if let Ok(name) = name(text, max) {
        return Some(name);
    }
    let allowed = |c: &char| !breaks_line(*c) && !is_bidirectional_control(*c);
    let cleaned: String = text.chars().filter(allowed).take(max).collect();
    name(&cleaned, max).ok()
}

fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A given or family name (first or last name) of 1 to 150 characters, at least one of them visible.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(SmolStr);

text_value!(PersonName, "the name as it was given,");
hidden_debug!(PersonName);

impl PersonName {
    const MAX_LENGTH: usize = 150;

    /// Reads a name from a directory that has other rules: what is not allowed is left out. Returns
    /// `None` if nothing visible is left.
    pub fn cleaned(text: &str) -> Option<Self> {
        cleaned_name(text, Self::MAX_LENGTH).map(Self)
    }
}

impl FromStr for PersonName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, Self::MAX_LENGTH).map(Self)
    }
}

/// A display name of 1 to 300 characters, at least one of them visible.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(SmolStr);

text_value!(DisplayName, "the name as it was given,");
hidden_debug!(DisplayName);

impl DisplayName {
    const MAX_LENGTH: usize = 300;

    /// Reads a name from a directory that has other rules: what is not allowed is left out. Returns
    /// `None` if nothing visible is left.
    pub fn cleaned(text: &str) -> Option<Self> {
        cleaned_name(text, Self::MAX_LENGTH).map(Self)
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, Self::MAX_LENGTH).map(Self)
    }
}
