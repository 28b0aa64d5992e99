//! The parameters of a path: tenant and user.

use domain::{TenantId, UserId};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use crate::response::api_error::ApiError;

/// The parameters of a path. The policy decides what a malformed one means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PathParameters {
    tenant: Option<TenantId>,
    user: Option<UserId>,
}

impl PathParameters {
    /// Decodes the segments of a path that stand for `{tenantId}` and `{userId}`, if it has them.
    pub(crate) fn decode(tenant: Option<&str>, user: Option<&str>) -> Self {
        Self { tenant: tenant.and_then(decode_parameter), user: user.and_then(decode_parameter) }
    }

    /// Returns the tenant of `{tenantId}`; `None` if it is malformed.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// Returns the user of `{userId}`; `None` if it is malformed.
    pub(crate) fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Returns the user of `{userId}`, or the error about an unknown user if it is malformed.
    pub(crate) fn require_user(&self) -> Result<&UserId, ApiError> {
        self.user().ok_or_else(ApiError::user_not_found)
    }
}

/// The framework decodes all escapes except those of `/`, `%` and `+`, which are decoded here.
fn decode_parameter<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.contains('%') {
        percent_decode_str(text).decode_utf8().ok()?.parse().ok()
    } else {
        text.parse().ok()
    }
}

/// All characters except the unreserved ones of RFC 3986 §2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a user id as one path segment.
pub(crate) fn encode_segment(id: &UserId) -> String {
    utf8_percent_encode(id.as_str(), SEGMENT).collect()
}

/// Encodes a segment as received, which may be encoded in part.
pub(crate) fn reencode_segment(segment: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    percent_encode(&bytes, SEGMENT).to_string()
}
