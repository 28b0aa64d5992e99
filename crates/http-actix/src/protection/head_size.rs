//! Limits on the size of a request's head.

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;
use actix_web::http::header::HeaderMap;

use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;

/// The maximum sizes of the parts of a head, in bytes.
///
/// The framework accepts heads of up to 128 KiB; these limits are lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadLimits {
    /// The request target.
    pub(crate) uri: usize,
    /// All header fields together, as sent: `name: value` and the line break.
    pub(crate) headers: usize,
}

impl HeadLimits {
    /// Rejects a request whose head is too large.
    pub(crate) fn check(self, request: &ServiceRequest) -> Result<(), ApiError> {
        if uri_bytes(request.uri()) > self.uri {
            let detail =
                format!("The path and the query must have at most {} bytes together.", self.uri);
            return Err(ApiError::new(ErrorCode::UriTooLong, detail));
        }
        if header_bytes(request.headers()) > self.headers {
            let detail =
                format!("The header fields must have at most {} bytes together.", self.headers);
            return Err(ApiError::new(ErrorCode::HeadersTooLarge, detail));
        }
        Ok(())
    }
}

fn uri_bytes(uri: &Uri) -> usize {
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let rest = uri.path_and_query().map_or(0, |rest| rest.as_str().len());
    scheme + authority + rest
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}
