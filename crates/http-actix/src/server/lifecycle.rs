//! The request lifecycle: the outermost middleware.
//!
//! It assigns the request id, limits the size of the head and the time, catches panics, renders
//! every error in the format of the contract that the path belongs to, counts the request, and
//! writes its log entry.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse, ResponseError, web};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::metrics::Route;
use crate::protection::idle_connections::RequestGuard;
use crate::protection::permit_body::{Held, PermitBody};
use crate::protection::rate_limit::QuotaHeaders;
use crate::response::api_error::{ApiError, ErrorHeader, directory_timeout};
use crate::response::code::ErrorCode;
use crate::response::contract::Contract;
use crate::response::error_response::ErrorResponse;
use crate::response::problem::{self, Problem};
use crate::server::request_context::RequestContext;
use crate::server::request_id::{self, RequestId};
use crate::server::state::AppState;

/// The middleware function, which must be the outermost.
pub(crate) async fn request_lifecycle<B: MessageBody + 'static>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<PermitBody>, actix_web::Error> {
    let context = RequestContext::start(&state, &request);
    let _guard = RequestGuard::start(&request);
    if let Err(api_error) = state.head.check(&request) {
        return Err(fail(&context, api_error, &state).into());
    }
    request.extensions_mut().insert(context.id.clone());
    request.extensions_mut().insert(context.log_fields.clone());

    let handling = context.call.clone().scope(next.call(request)).instrument(context.span.clone());
    let handling = AssertUnwindSafe(handling).catch_unwind();
    let response = match tokio::time::timeout(state.request_timeout, handling).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(error))) => {
            let api_error = framework_error(Some(&error), error.as_response_error().status_code());
            return Err(fail(&context, api_error, &state).into());
        }
        // The panic hook logs the panic.
        Ok(Err(_panic)) => {
            return Err(fail(&context, ApiError::internal("a handler panicked"), &state).into());
        }
        Err(_elapsed) => {
            let api_error = directory_timeout().with_cause("the request exceeded its timeout");
            return Err(fail(&context, api_error, &state).into());
        }
    };

    let status = response.status();
    let route = response.request().app_data::<Route>().cloned();
    let route = route.as_ref();
    let held = Held::take_from(&mut response.request().extensions_mut());
    let mut response = if status.is_client_error() || status.is_server_error() {
        let error = response.response().error();
        // Errors of the framework and of other middleware, such as CORS, are not an `ApiError`.
        let rendered = match error.and_then(|error| error.as_error::<ApiError>()) {
            Some(api_error) => log_and_render(&context, api_error, route),
            None => log_and_render(&context, &framework_error(error, status), route),
        };
        replace_body(response, rendered)
    } else {
        context.finish(route, status, None);
        response.map_body(|_, body| PermitBody::new(body, held))
    };
    add_quota_headers(&mut response);
    if state.in_flight.is_stopping() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    add_common_headers(response.headers_mut(), &context.id);
    Ok(response)
}

/// Ends a request that has no response, so that inner middleware cannot add to the error response.
fn fail(context: &RequestContext, api_error: ApiError, state: &AppState) -> FailedRequest {
    let route = context.route();
    context.finish(route.as_ref(), api_error.code().status(), Some(&api_error));
    let contract = context.contract(route.as_ref());
    FailedRequest {
        api_error,
        contract,
        id: context.id.clone(),
        closing: state.in_flight.is_stopping(),
    }
}

fn log_and_render(
    context: &RequestContext,
    api_error: &ApiError,
    route: Option<&Route>,
) -> HttpResponse {
    context.finish(route, api_error.code().status(), Some(api_error));
    render(api_error, context.contract(route), &context.id)
}

/// Converts an error of the framework.
fn framework_error(error: Option<&actix_web::Error>, status: StatusCode) -> ApiError {
    let code = ErrorCode::of_status(status);
    let detail = if code == ErrorCode::InternalError {
        "An internal error occurred."
    } else {
        status.canonical_reason().unwrap_or("The request failed.")
    };
    let api_error = ApiError::new(code, detail);
    match error {
        Some(error) => api_error.with_cause(error.to_string()),
        None => api_error,
    }
}

/// An error without a request, which renders the whole response itself.
#[derive(Debug)]
struct FailedRequest {
    api_error: ApiError,
    contract: Contract,
    id: RequestId,
    closing: bool,
}

impl std::fmt::Display for FailedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.api_error.fmt(f)
    }
}

impl ResponseError for FailedRequest {
    fn status_code(&self) -> StatusCode {
        self.api_error.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = render(&self.api_error, self.contract, &self.id);
        add_common_headers(response.headers_mut(), &self.id);
        if self.closing {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// Renders an error in the format of the contract.
fn render(api_error: &ApiError, contract: Contract, id: &RequestId) -> HttpResponse {
    let mut response = HttpResponse::build(api_error.code().status());
    match api_error.code().status() {
        // RFC 6750 §3: every 401 has a challenge.
        StatusCode::UNAUTHORIZED if api_error.header().is_none() => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        _ => {}
    }
    if matches!(api_error.code(), ErrorCode::RequestTimeout | ErrorCode::PayloadTooLarge) {
        // The rest of the request is not read (RFC 9110 §15.5.9, §15.5.14).
        response.force_close();
    }
    match api_error.header() {
        Some(ErrorHeader::Challenge(challenge)) => {
            response.insert_header((header::WWW_AUTHENTICATE, format!("Bearer {challenge}")));
        }
        Some(ErrorHeader::RetryAfter(wait)) => {
            response.insert_header((header::RETRY_AFTER, retry_after_seconds(*wait)));
        }
        Some(ErrorHeader::Allow(methods)) => {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        None => {}
    }
    match contract {
        Contract::TenantUsers => {
            response.content_type(problem::CONTENT_TYPE).json(Problem::new(api_error, id.as_str()))
        }
        Contract::UserManagement => response.json(ErrorResponse::new(api_error, id.as_str())),
    }
}

/// Rounds up, to at least one second.
fn retry_after_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Replaces body and headers of a response by the rendered ones, but keeps headers that inner
/// middleware has set (CORS, deprecation).
fn replace_body<B: MessageBody>(
    response: ServiceResponse<B>,
    log_and_render: HttpResponse,
) -> ServiceResponse<PermitBody> {
    let (request, inner) = response.into_parts();
    let mut log_and_render = log_and_render;
    for (name, value) in inner.headers() {
        if *name != header::CONTENT_TYPE && !log_and_render.headers().contains_key(name) {
            log_and_render.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(
        request,
        log_and_render.map_body(|_, body| PermitBody::new(body, Held::default())),
    )
}

/// Adds the remaining quotas to successful and to rate-limited responses. Other errors do not have
/// them, because they could disclose the reason.
fn add_quota_headers<B>(response: &mut ServiceResponse<B>) {
    let quota_headers = response.request().extensions().get::<QuotaHeaders>().cloned();
    if let Some(quota_headers) = quota_headers
        && (response.status().is_success() || quota_headers.wait().is_some())
    {
        quota_headers.write(response.headers_mut());
    }
}

/// Adds the headers of every response.
fn add_common_headers(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(request_id::HEADER, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Responses contain personal data and depend on the token.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
