//! The documentation page: Swagger UI for the OpenAPI document.
//!
//! The binary contains the files compressed and sends them so, because every browser accepts gzip.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder, Resource, web};

use crate::metrics::Route;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::links::PublicUrl;
use crate::routes;
use crate::server::state::AppState;

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
    url: "../openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
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

/// Registers the page at `/docs/`, its files, and redirects from `/` and `/docs`.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(resource("/").route(routes::get_or_head().to(redirect_from_root)));
    config.service(resource("/docs").route(routes::get_or_head().to(redirect_from_docs)));
    config.service(resource("/docs/{file:[^/]*}").route(routes::get_or_head().to(file)));
}

fn resource(path: &str) -> Resource {
    web::resource(path)
        .app_data(Route::new("/docs/"))
        .default_service(routes::method_not_allowed("GET, HEAD".to_owned()))
}

/// Restricts what a browser does with a page or a file: scripts and requests are those of this
/// service, and no other page can embed it.
fn add_security_headers(response: &mut HttpResponseBuilder, public_url: &PublicUrl) {
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, content_security_policy(public_url)))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
}

/// Returns the policy (W3C Content Security Policy Level 3). Swagger UI sets styles of elements, and
/// its style sheet contains images; "Try it out" sends requests to the server in the document.
fn content_security_policy(server: &PublicUrl) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; connect-src 'self' {}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        server.origin()
    )
}

async fn redirect_from_root(state: web::Data<AppState>) -> HttpResponse {
    // Temporary, because the docs page can be disabled.
    redirect_to_page(HttpResponse::TemporaryRedirect(), &state.public_url)
}

async fn redirect_from_docs(state: web::Data<AppState>) -> HttpResponse {
    redirect_to_page(HttpResponse::PermanentRedirect(), &state.public_url)
}

/// Redirects to the page on the same host. The address starts with the path of the public URL, which
/// a proxy has removed.
fn redirect_to_page(mut response: HttpResponseBuilder, public_url: &PublicUrl) -> HttpResponse {
    let address = format!("{}/docs/", public_url.path());
    add_security_headers(&mut response, public_url);
    response.insert_header((header::LOCATION, address)).finish()
}

async fn file(
    state: web::Data<AppState>,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let media_type = match name.rsplit_once('.').map_or("html", |(_, kind)| kind) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "png" => "image/png",
        _ => "text/html; charset=utf-8",
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(media_type)));
    add_security_headers(&mut response, &state.public_url);
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
