//! What a path names: a tenant, a user.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::{TenantId, UserId};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use crate::response::api_error::ApiError;

/// The names that a path can hold. Extracting them never fails: what cannot be read names nothing,
/// and it is for the policy to say what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathNames {
    tenant: Option<TenantId>,
    user: Option<UserId>,
}

impl PathNames {
    /// Those of the request's path.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self { tenant: named(request, "tenantId"), user: named(request, "userId") }
    }

    /// The tenant of `{tenantId}`; `None` if the text cannot be one.
    pub(crate) fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    /// The user of `{userId}`; `None` if the text cannot be one.
    pub(crate) fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// The user of `{userId}`. A text that cannot be one names nobody here.
    pub(crate) fn require_user(&self) -> Result<&UserId, ApiError> {
        self.user().ok_or_else(ApiError::user_not_found)
    }
}

impl FromRequest for PathNames {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The router decodes all escapes but those of `/`, `%` and `+`; these are left to do, once.
fn named<T: std::str::FromStr>(request: &HttpRequest, parameter: &str) -> Option<T> {
    let text = request.match_info().get(parameter)?;
    percent_decode_str(text).decode_utf8().ok()?.parse().ok()
}

/// Everything but the unreserved characters of RFC 3986 §2.3 is escaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A user's id as one path segment.
pub(crate) fn segment(id: &UserId) -> String {
    utf8_percent_encode(id.as_str(), SEGMENT).to_string()
}

/// A segment as a client sent it, with everything escaped that has to be.
pub(crate) fn escaped(segment: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    percent_encode(&bytes, SEGMENT).to_string()
}
