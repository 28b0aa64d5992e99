//! What people are called: e-mail addresses, usernames and names.
//!
//! Lengths and character sets are Auth0's (user profile structure; Management API schema).
//! Like ids, they are shared text, so that a copy of an account costs next to nothing.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// An e-mail address, kept and compared in lower case.
///
/// The syntax is the dot-atom form of RFC 5321 §4.1.2, in ASCII, with a domain of at least two
/// labels; the local part has at most 64 characters, the whole at most 254.
/// `Debug` hides the address, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(Arc<str>);

/// Why a text is not an [`EmailAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidEmailAddress {
    /// It does not have the form `local-part@domain`.
    #[error("must be an e-mail address")]
    Syntax,
    /// The local part has more than 64 characters, or the whole more than 254.
    #[error("has at most 254 characters, 64 of them before the @")]
    TooLong,
}

impl EmailAddress {
    const MAX_LENGTH: usize = 254;
    const MAX_LOCAL_LENGTH: usize = 64;

    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

/// RFC 5321 `Domain` of at least two labels.
fn is_mail_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// A username: a second way to log in, kept and compared in lower case.
///
/// 1 to 128 ASCII letters, digits and ``@ ^ $ . ! ` - # + ' ~ _``, but not an e-mail address
/// (Auth0, "Require username").
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Username(Arc<str>);

/// Why a text is not a [`Username`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUsername {
    /// Nothing stands there.
    #[error("must not be empty")]
    Empty,
    /// More than 128 characters.
    #[error("has at most 128 characters")]
    TooLong,
    /// A character that usernames cannot have.
    #[error("must hold only letters, digits and @ ^ $ . ! ` - # + ' ~ _")]
    ForbiddenCharacter,
    /// It could be taken for an e-mail address.
    #[error("must not be an e-mail address")]
    IsEmailAddress,
}

impl Username {
    const MAX_LENGTH: usize = 128;

    /// The username, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(…)")
    }
}

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidName {
    /// Nothing stands there.
    #[error("must not be empty")]
    Empty,
    /// More characters than this kind of name may have.
    #[error("has at most {max} characters")]
    TooLong {
        /// The most that it may have, in Unicode scalar values.
        max: usize,
    },
    /// A control character, which could break a line of a log or of a screen.
    #[error("must not hold control characters")]
    ControlCharacter,
}

fn name(text: &str, max: usize) -> Result<Arc<str>, InvalidName> {
    if text.is_empty() {
        Err(InvalidName::Empty)
    } else if text.chars().count() > max {
        Err(InvalidName::TooLong { max })
    } else if text.chars().any(char::is_control) {
        Err(InvalidName::ControlCharacter)
    } else {
        Ok(text.into())
    }
}

/// A given or family name (first or last name) of 1 to 150 characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(Arc<str>);

impl PersonName {
    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, 150).map(Self)
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// A display name of 1 to 300 characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(Arc<str>);

impl DisplayName {
    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        name(text, 300).map(Self)
    }
}

impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisplayName(…)")
    }
}
