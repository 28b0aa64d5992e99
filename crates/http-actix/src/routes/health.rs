//! Whether the service lives, whether it can serve, and what it has counted.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use application::UseCaseError;
use ports::PortError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::fault::Fault;
use crate::metrics;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the process serves at all.
#[utoipa::path(
    get,
    path = "/health/live",
    operation_id = "live",
    tag = "Health",
    responses((status = 200, description = "The process serves.", body = Health)),
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "live" })
}

/// Whether the service can do its work: the directory takes calls.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "Health",
    responses((status = 200, description = "The service can do its work.", body = Health)),
)]
pub(crate) async fn ready(api: web::Data<Api>) -> Result<HttpResponse, Fault> {
    api.services.ready().await.map_err(not_ready)?;
    Ok(HttpResponse::Ok().json(Health { status: "ready" }))
}

/// Whatever the reason is, a service that is not ready says so in one way.
fn not_ready(error: PortError) -> Fault {
    let retry_after =
        if let PortError::Unavailable { retry_after, .. } = &error { *retry_after } else { None };
    UseCaseError::Unavailable { retry_after, source: Some(error.into()) }.into()
}

/// What the process has counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "Health",
    responses((status = 200, description = "Counts in the OpenMetrics text format.", body = String, content_type = "application/openmetrics-text")),
)]
pub(crate) async fn counts(api: web::Data<Api>) -> Result<HttpResponse, Fault> {
    let text = api.metrics.text().map_err(Fault::internal)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, metrics::CONTENT_TYPE)).body(text))
}
