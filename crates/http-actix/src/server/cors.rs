//! Cross-origin requests of browser applications.

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use ports::is_loopback_host;
use url::Url;

use crate::protection::rate_limit;
use crate::server::{request_id, trace_context};

/// The origins of browser applications that may call the API.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    /// Exact origins, such as `https://admin.example.com`.
    pub exact: Vec<String>,
    /// Whether every origin with plain HTTP on the same machine is allowed, whatever its port.
    pub loopback: bool,
}

impl AllowedOrigins {
    /// Returns whether there is no origin to allow.
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && !self.loopback
    }
}

/// Returns middleware that allows exactly these origins. Credentials other than a bearer token, such
/// as cookies, are not allowed.
pub(crate) fn cors(origins: &AllowedOrigins) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let allowed = [
        header::ACCEPT,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        HeaderName::from_static("idempotency-key"),
        request_id::HEADER,
        // Applications that trace their own requests send these (W3C Trace Context, Baggage).
        trace_context::HEADER,
        HeaderName::from_static("tracestate"),
        HeaderName::from_static("baggage"),
    ];
    let exposed = [
        header::ALLOW,
        header::ETAG,
        header::LOCATION,
        header::LINK,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        rate_limit::RATELIMIT_POLICY,
        rate_limit::RATELIMIT,
        HeaderName::from_static("deprecation"),
        HeaderName::from_static("sunset"),
        request_id::HEADER,
    ];
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers(allowed)
        .expose_headers(exposed)
        .max_age(600);
    let cors = origins.exact.iter().fold(cors, |cors, origin| cors.allowed_origin(origin));
    if origins.loopback {
        cors.allowed_origin_fn(|origin, _| is_loopback_origin(origin))
    } else {
        cors
    }
}

/// Returns whether the value of `Origin` is an origin with plain HTTP on a loopback host.
fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let is_loopback = |text: &str| {
        let url = Url::parse(text).ok()?;
        let is_exact = url.scheme() == "http" && url.origin().ascii_serialization() == text;
        Some(is_exact && is_loopback_host(url.host_str()?))
    };
    origin.to_str().ok().and_then(is_loopback).unwrap_or(false)
}
