//! Cross-origin requests of browser applications.

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};

use crate::protection::rate_limit;
use crate::server::request_id;

/// Returns middleware that allows exactly these origins. Credentials other than a bearer token, such
/// as cookies, are not allowed.
pub(crate) fn cors(origins: &[String]) -> Cors {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let exposed = [
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
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, request_id::HEADER])
        .expose_headers(exposed)
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
