//! Identifiers of accounts and tenants.

use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::text_value::{identifier_format, text_value};

/// The identifier of one account, such as `auth0|5f7c8ec7c33c6c004bbafe82`.
///
/// An opaque text of 1 to 1024 bytes without control characters, which is never parsed: the part
/// after the bar is whatever the identity provider uses, such as a distinguished name, an address or
/// a path. Where it becomes part of a URL or a query, it is escaped. The path steps `.` and `..` are
/// excluded, alone or between slashes: clients remove them from a path even if they are encoded
/// (WHATWG URL §4.4), and proxies may decode the slashes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

/// Why a text is not a [`UserId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidUserId {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// More than 1024 bytes.
    #[error("must have at most 1024 bytes")]
    TooLong,
    /// A control character.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// It is, or has between slashes, a path step: `.` or `..`.
    #[error("must not contain a path step")]
    PathStep,
}

impl UserId {
    const MAX_BYTES: usize = 1024;
}

text_value!(UserId, "the identifier");
identifier_format!(UserId);

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            Err(InvalidUserId::Empty)
        } else if text.len() > Self::MAX_BYTES {
            Err(InvalidUserId::TooLong)
        } else if is_path_step(text) {
            Err(InvalidUserId::PathStep)
        } else if is_plain(text) {
            Ok(Self(text.into()))
        } else if text.chars().any(char::is_control) {
            Err(InvalidUserId::ControlCharacter)
        } else if text.split(['/', '\\']).any(is_path_step) {
            Err(InvalidUserId::PathStep)
        } else {
            Ok(Self(text.into()))
        }
    }
}

/// Whether the text is printable ASCII without slashes, as almost every identifier is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'/' && byte != b'\\')
}

fn is_path_step(text: &str) -> bool {
    text == "." || text == ".."
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
