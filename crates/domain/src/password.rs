//! Passwords: those to be set, and those offered as proof.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A password to be set: 1 to 72 visible ASCII characters (Auth0; 72 bytes is bcrypt's limit).
///
/// Whether it is strong enough is for the directory to say, since each has a policy of its own.
/// It has no `Display`, and its `Debug` hides it. It is not wiped from memory when it is dropped:
/// the buffers of whoever read it off the wire keep a copy each, so that wiping this one would
/// promise more than it keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text is not a [`Password`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPassword {
    /// Nothing stands there.
    #[error("must not be empty")]
    Empty,
    /// More than 72 bytes.
    #[error("has at most 72 bytes")]
    TooLong,
    /// A space, a control character, or one outside ASCII.
    #[error("must hold only visible ASCII characters, and no space")]
    ForbiddenCharacter,
}

impl Password {
    const MAX_BYTES: usize = 72;

    /// The secret itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Password {
    type Err = InvalidPassword;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            Err(InvalidPassword::Empty)
        } else if text.len() > Self::MAX_BYTES {
            Err(InvalidPassword::TooLong)
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(InvalidPassword::ForbiddenCharacter)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A text offered as the password that an account has now.
///
/// It has no rules of its own, since a text that cannot be a password is merely a wrong one.
pub struct CurrentPassword(String);

impl CurrentPassword {
    /// Takes whatever the caller offers.
    pub fn offered(text: String) -> Self {
        Self(text)
    }

    /// The secret itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CurrentPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CurrentPassword(…)")
    }
}
