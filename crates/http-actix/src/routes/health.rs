//! Liveness, readiness and metrics.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use application::UseCaseError;
use futures_util::future::join;
use ports::PortError;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::metrics;
use crate::request::accept::accepts_only_plain_text;
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::server::state::AppState;

/// The health of the service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
}

/// Reports whether the process serves requests.
#[utoipa::path(
    get,
    path = "/health/live",
    operation_id = "live",
    tag = "Health",
    responses((status = 200, description = "The process serves requests.", body = Health)),
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "live" })
}

/// Reports whether the service is ready: it is not shutting down, has keys to verify tokens, and
/// the directory is available.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "Health",
    responses((status = 200, description = "The service is ready.", body = Health)),
)]
pub(crate) async fn ready(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let outcome = readiness(&state).await;
    state.record_readiness(&outcome);
    outcome.map(|()| HttpResponse::Ok().json(Health { status: "ready" }))
}

/// Returns whether the service is ready. Frequent calls are cheap: the results for keys and
/// directory are cached.
async fn readiness(state: &AppState) -> Result<(), ApiError> {
    if state.in_flight.is_stopping() {
        let detail = "The service is shutting down.";
        return Err(ApiError::new(ErrorCode::ShuttingDown, detail)
            .with_header(ErrorHeader::RetryAfter(NOT_READY_RETRY_AFTER)));
    }
    let reloadable = state.reloadable();
    let (has_keys, directory) =
        join(reloadable.verifier.has_keys(), state.services.check_ready()).await;
    directory.map_err(directory_not_ready)?;
    if !has_keys {
        let detail = "No issuer's keys are available.";
        return Err(ApiError::new(ErrorCode::KeysUnavailable, detail)
            .with_header(ErrorHeader::RetryAfter(NOT_READY_RETRY_AFTER))
            .with_cause("no keys of any issuer are available"));
    }
    Ok(())
}

/// The value of `Retry-After` while the service is not ready.
const NOT_READY_RETRY_AFTER: Duration = Duration::from_secs(5);
/// The longest time that a scrape waits for readiness, so that it responds in time.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(1);

/// Converts a directory failure to the error of a service that is not ready, whatever the cause.
fn directory_not_ready(error: PortError) -> ApiError {
    let retry_after =
        if let PortError::Unavailable { retry_after, .. } = &error { *retry_after } else { None };
    UseCaseError::Unavailable { retry_after, source: Some(error.into()) }.into()
}

/// Returns the metrics for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "Health",
    responses((status = 200, description = "The metrics in the OpenMetrics text format, as plain text for clients that accept only that.",
        content((String = "application/openmetrics-text"), (String = "text/plain")))),
)]
pub(crate) async fn scrape(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    // Updates the readiness metric without relying on probes. A result that comes too late counts
    // for the next scrape.
    let refresh = {
        let state = state.clone();
        actix_web::rt::spawn(async move { state.record_readiness(&readiness(&state).await) })
    };
    let _ = timeout(SCRAPE_TIMEOUT.min(state.request_timeout / 2), refresh).await;
    let text = state.metrics.text().map_err(ApiError::internal)?;
    let media_type = if accepts_only_plain_text(&request) {
        "text/plain; charset=utf-8"
    } else {
        metrics::CONTENT_TYPE
    };
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, media_type)).body(text))
}
