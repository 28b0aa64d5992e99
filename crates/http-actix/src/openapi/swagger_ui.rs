//! The documentation page: Swagger UI for the OpenAPI document.
//!
//! The binary contains the files compressed and sends them so, because every browser accepts gzip.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, Resource, web};

use crate::metrics::Route;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::routes;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Usher</title>
    <link rel="stylesheet" href="./swagger-ui.css">
    <link rel="icon" type="image/png" href="./favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="./swagger-ui-bundle.js"></script>
    <script src="./swagger-ui-standalone-preset.js"></script>
    <script src="./swagger-initializer.js"></script>
  </body>
</html>
"#;

const INITIALIZER: &str = r##"window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    layout: "StandaloneLayout",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
  });
};
"##;

/// Includes a file of Swagger UI as compressed by the build script.
macro_rules! packed {
    ($name:literal) => {
        Some(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")).as_slice())
    };
}

fn packed(name: &str) -> Option<&'static [u8]> {
    match name {
        "swagger-ui.css" => packed!("swagger-ui.css"),
        "swagger-ui-bundle.js" => packed!("swagger-ui-bundle.js"),
        "swagger-ui-standalone-preset.js" => packed!("swagger-ui-standalone-preset.js"),
        "favicon-32x32.png" => packed!("favicon-32x32.png"),
        _ => None,
    }
}

/// Registers the page at `/docs/`, its files, and a redirect from `/docs`.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(resource("/docs").route(routes::get_or_head().to(redirect_to_page)));
    config.service(resource("/docs/{file:[^/]*}").route(routes::get_or_head().to(file)));
}

fn resource(path: &str) -> Resource {
    web::resource(path)
        .app_data(Route::new("/docs/"))
        .default_service(routes::method_not_allowed("GET, HEAD".to_owned()))
}

async fn redirect_to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let media_type = match name.rsplit_once('.').map_or("html", |(_, kind)| kind) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "png" => "image/png",
        _ => "text/html; charset=utf-8",
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(media_type)));
    match name.as_str() {
        "" | "index.html" => Ok(response.body(PAGE)),
        "swagger-initializer.js" => Ok(response.body(INITIALIZER)),
        name => {
            let packed = packed(name).ok_or_else(|| {
                ApiError::new(ErrorCode::NotFound, "No resource exists at this path.")
            })?;
            Ok(response
                .insert_header((header::CONTENT_ENCODING, "gzip"))
                .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
                .body(Bytes::from_static(packed)))
        }
    }
}
