//! Passwords: new ones, and current ones given as proof.

use std::str::FromStr;

use thiserror::Error;

use crate::text_value::{hidden_debug, parse_from_str};

/// A password to be set: 1 to 72 visible ASCII characters (Auth0; 72 bytes is bcrypt's limit).
///
/// Each directory has its own policy for strength, so this type does not check it.
/// There is no `Display`, and `Debug` hides the password. It is not wiped from memory when it is
/// dropped: the buffers it was read into keep copies, so wiping this one would protect nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text is not a [`Password`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPassword {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// More than 72 bytes.
    #[error("must have at most 72 bytes")]
    TooLong,
    /// A space, a control character, or one outside ASCII.
    #[error("must contain only visible ASCII characters, without spaces")]
    ForbiddenCharacter,
}

impl Password {
    const MAX_BYTES: usize = 72;

    /// Returns the secret. The caller is responsible for where it goes.
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

parse_from_str!(Password);
hidden_debug!(Password);

/// A text given as proof of an account's current password.
///
/// Any text is accepted: one that is no valid password is simply a wrong one.
pub struct CurrentPassword(String);

impl CurrentPassword {
    /// Wraps the text that the caller sent.
    pub fn offered(text: String) -> Self {
        Self(text)
    }

    /// Returns the secret. The caller is responsible for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

hidden_debug!(CurrentPassword);
