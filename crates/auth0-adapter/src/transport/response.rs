//! A response of Auth0.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// An answer, whatever it says. It may hold tokens and people, and so has no `Debug`.
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}
