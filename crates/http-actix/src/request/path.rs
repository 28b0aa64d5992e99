//! The parameters of a path: tenant and user.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::{TenantId, UserId};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use crate::response::api_error::ApiError;

/// The parameters of a path. Extracting them never fails; the policy decides what a malformed one
/// means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathParameters {
    tenant: Option<TenantId>,
    user: Option<UserId>,
}

impl PathParameters {
    /// Returns the parameters of the request's path.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self {
            tenant: parse_parameter(request, "tenantId"),
            user: parse_parameter(request, "userId"),
        }
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

impl FromRequest for PathParameters {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The router decodes all escapes except those of `/`, `%` and `+`, which are decoded here.
fn parse_parameter<T: std::str::FromStr>(request: &HttpRequest, parameter: &str) -> Option<T> {
    let text = request.match_info().get(parameter)?;
    percent_decode_str(text).decode_utf8().ok()?.parse().ok()
}

/// All characters except the unreserved ones of RFC 3986 §2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a user id as one path segment.
pub(crate) fn encode_segment(id: &UserId) -> String {
    utf8_percent_encode(id.as_str(), SEGMENT).to_string()
}

/// Encodes a segment as received, which may be encoded in part.
pub(crate) fn reencode_segment(segment: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    percent_encode(&bytes, SEGMENT).to_string()
}
