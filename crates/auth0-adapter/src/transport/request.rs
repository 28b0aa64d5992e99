//! Requests to Auth0.

use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::transport::call_kind::CallKind;

/// A request that can be sent repeatedly. It may hold passwords, and therefore has no `Debug`.
pub(crate) struct ApiRequest {
    pub(crate) kind: CallKind,
    /// The template of the route, such as `GET /users/{id}`, for logs.
    pub(crate) route: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}
