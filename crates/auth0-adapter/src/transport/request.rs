//! A request to Auth0.

use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::transport::call_kind::CallKind;

/// A request that can be sent more than once. It may hold passwords, and so has no `Debug`.
pub(crate) struct ApiRequest {
    pub(crate) kind: CallKind,
    /// The route's template, such as `GET /users/{id}`, for the log.
    pub(crate) route: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}
