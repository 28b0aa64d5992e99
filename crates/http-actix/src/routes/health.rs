//! Whether the service lives, whether it can serve, and what it has counted.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use application::UseCaseError;
use futures_util::future::join;
use ports::PortError;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::metrics;
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::server::state::AppState;

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

/// Whether the service can do its work: it is not about to end, it has keys to check tokens with,
/// and the directory takes calls.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "Health",
    responses((status = 200, description = "The service can do its work.", body = Health)),
)]
pub(crate) async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let outcome = readiness(&state).await;
    state.record_readiness(&outcome);
    outcome.map(|()| HttpResponse::Ok().json(Health { status: "ready" }))
}

/// Not about to end, keys to check tokens with, and a directory that answers. It can be asked as
/// often as one likes: keys and directory are asked seldom, whoever asks here.
async fn readiness(state: &AppState) -> Result<(), ApiError> {
    if state.in_flight.is_stopping() {
        let detail = "The service is shutting down.";
        return Err(
            ApiError::new(ErrorCode::ShuttingDown, detail).with(ErrorHeader::RetryAfter(NOT_LONG))
        );
    }
    let verifier = state.reloadable();
    let (has_keys, directory) =
        join(verifier.verifier.has_keys(), state.services.check_ready()).await;
    directory.map_err(not_ready)?;
    if !has_keys {
        let detail = "No issuer's keys are available.";
        return Err(ApiError::new(ErrorCode::KeysUnavailable, detail)
            .with(ErrorHeader::RetryAfter(NOT_LONG))
            .because("there are no keys of any issuer"));
    }
    Ok(())
}

/// When it may be worth asking again.
const NOT_LONG: Duration = Duration::from_secs(5);
/// How long a scrape waits to learn whether the service is ready: it must not be late itself.
const SCRAPE_PATIENCE: Duration = Duration::from_secs(1);

/// Whatever the reason is, a service that is not ready says so in one way.
fn not_ready(error: PortError) -> ApiError {
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
pub(crate) async fn counts(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    // Where nobody asks for readiness, the metrics would never tell of it. What comes of it too late
    // for this scrape is there for the next.
    let asked = {
        let state = state.clone();
        actix_web::rt::spawn(async move { state.record_readiness(&readiness(&state).await) })
    };
    let _ = timeout(SCRAPE_PATIENCE.min(state.request_timeout / 2), asked).await;
    let text = state.metrics.text().map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, metrics::CONTENT_TYPE)).body(text))
}
