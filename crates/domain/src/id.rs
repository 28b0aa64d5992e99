//! Identifiers of accounts and tenants.

use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::text_value::{identifier_format, text_value};

/// The identifier of one account, such as `auth0|5f7c8ec7c33c6c004bbafe82`.
///
/// Auth0 puts the provider before the bar; Usher treats the whole as one opaque text of 1 to 255
/// visible ASCII characters without those that have a meaning in a URL (`/ \ ? # % "`), so that it
/// always stays within one path segment.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

/// Why a text is not a [`UserId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUserId {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// More than 255 characters.
    #[error("must have at most 255 characters")]
    TooLong,
    /// A character outside visible ASCII, one with a meaning in a URL, or a path step (`.`, `..`).
    #[error("must contain only visible ASCII characters other than / \\ ? # % and quotes")]
    ForbiddenCharacter,
}

impl UserId {
    const MAX_LENGTH: usize = 255;
}

text_value!(UserId, "the identifier");
identifier_format!(UserId);

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let forbidden = |byte: u8| !byte.is_ascii_graphic() || br#"/\?#%""#.contains(&byte);
        if text.is_empty() {
            Err(InvalidUserId::Empty)
        } else if text.len() > Self::MAX_LENGTH {
            Err(InvalidUserId::TooLong)
        } else if text == "." || text == ".." || text.bytes().any(forbidden) {
            Err(InvalidUserId::ForbiddenCharacter)
        } else {
            Ok(Self(text.into()))
        }
    }
}

/// The identifier of one tenant: a DNS label in lower case (RFC 1123 §2.1, at most 63 characters).
///
/// A tenant needs no registration: any label is valid.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

/// Why a text is not a [`TenantId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 63 lower-case letters, digits or hyphens, with no hyphen at either end")]
pub struct InvalidTenantId;

impl TenantId {
    const MAX_LENGTH: usize = 63;
}

text_value!(TenantId, "the identifier");
identifier_format!(TenantId);

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-');
        well_formed.then(|| Self(text.into())).ok_or(InvalidTenantId)
    }
}
