//! Responses of Auth0.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// A response of any status. It may hold tokens and personal data, and therefore has no `Debug`.
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
