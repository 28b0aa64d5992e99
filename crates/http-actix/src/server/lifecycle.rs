//! The edge: the outermost layer, through which every request comes in and every answer goes out.
//!
//! It names the request, bounds its head and its time, catches panics, turns every error, the
//! framework's own ones included, into the error body of the contract that the path belongs to,
//! counts it, and gives it its one line in the log.

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
use crate::protection::admission::Permit;
use crate::protection::idle_connections::RequestGuard;
use crate::protection::permit_body::PermitBody;
use crate::protection::rate_limit::QuotaHeaders;
use crate::response::api_error::{ApiError, ErrorHeader, directory_timeout};
use crate::response::code::ErrorCode;
use crate::response::contract::Contract;
use crate::response::error_response::ErrorResponse;
use crate::response::problem::{self, Problem};
use crate::server::request_context::RequestContext;
use crate::server::request_id::{self, RequestId};
use crate::server::state::AppState;

/// The middleware function. Put it around everything.
pub(crate) async fn request_lifecycle<B: MessageBody + 'static>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<PermitBody>, actix_web::Error> {
    let context = RequestContext::begin(&state, &request);
    let _under_way = RequestGuard::begin(&request);
    if let Err(api_error) = state.head.check(&request) {
        return Err(lost(&context, api_error, &state).into());
    }
    request.extensions_mut().insert(context.id.clone());
    request.extensions_mut().insert(context.log_fields.clone());

    let answer = context.call.clone().scope(next.call(request)).instrument(context.span.clone());
    let answer = AssertUnwindSafe(answer).catch_unwind();
    let response = match tokio::time::timeout(state.request_timeout, answer).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(error))) => {
            let api_error = fault_of(Some(&error), error.as_response_error().status_code());
            return Err(lost(&context, api_error, &state).into());
        }
        // The panic hook has logged the panic itself.
        Ok(Err(_panic)) => {
            return Err(lost(&context, ApiError::internal("a handler panicked"), &state).into());
        }
        Err(_elapsed) => {
            let api_error = directory_timeout().because("the request took longer than it may");
            return Err(lost(&context, api_error, &state).into());
        }
    };

    let status = response.status();
    let route = response.request().app_data::<Route>().cloned();
    let route = route.as_ref();
    let permit = response.request().extensions_mut().remove::<Permit>();
    let mut response = if status.is_client_error() || status.is_server_error() {
        let error = response.response().error();
        // An answer that is no error of ours may still be one: the preflight of CORS, say.
        let answer = match error.and_then(|error| error.as_error::<ApiError>()) {
            Some(api_error) => rendered(&context, api_error, route),
            None => rendered(&context, &fault_of(error, status), route),
        };
        with_body_of(response, answer)
    } else {
        context.end(route, status, None);
        response.map_body(|_, body| PermitBody::new(body, permit))
    };
    state_limits(&mut response);
    if state.in_flight.is_stopping() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    dress(response.headers_mut(), &context.id);
    Ok(response)
}

/// A error of a request that is lost, so that no layer within can add to its answer.
fn lost(context: &RequestContext, api_error: ApiError, state: &AppState) -> Failed {
    let route = context.route();
    context.end(route.as_ref(), api_error.code().status(), Some(&api_error));
    let contract = context.contract(route.as_ref());
    Failed { api_error, contract, id: context.id.clone(), closing: state.in_flight.is_stopping() }
}

fn rendered(context: &RequestContext, api_error: &ApiError, route: Option<&Route>) -> HttpResponse {
    context.end(route, api_error.code().status(), Some(api_error));
    render(api_error, context.contract(route), &context.id)
}

/// What the framework's own error is to a client.
fn fault_of(error: Option<&actix_web::Error>, status: StatusCode) -> ApiError {
    let code = ErrorCode::of_status(status);
    let detail = if code == ErrorCode::InternalError {
        "An internal error occurred."
    } else {
        status.canonical_reason().unwrap_or("The request failed.")
    };
    let api_error = ApiError::new(code, detail);
    match error {
        Some(error) => api_error.because(error.to_string()),
        None => api_error,
    }
}

/// A error whose request is lost; it makes its whole answer by itself.
#[derive(Debug)]
struct Failed {
    api_error: ApiError,
    contract: Contract,
    id: RequestId,
    closing: bool,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.api_error.fmt(f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        self.api_error.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = render(&self.api_error, self.contract, &self.id);
        dress(response.headers_mut(), &self.id);
        if self.closing {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// The answer to an error, in the form of the contract.
fn render(api_error: &ApiError, contract: Contract, id: &RequestId) -> HttpResponse {
    let mut response = HttpResponse::build(api_error.code().status());
    match api_error.code().status() {
        // RFC 6750 §3: every 401 says how to do better.
        StatusCode::UNAUTHORIZED if api_error.header().is_none() => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        _ => {}
    }
    if matches!(api_error.code(), ErrorCode::RequestTimeout | ErrorCode::PayloadTooLarge) {
        // What the client goes on to send is not read (RFC 9110 §15.5.9, §15.5.14).
        response.force_close();
    }
    match api_error.header() {
        Some(ErrorHeader::Challenge(challenge)) => {
            response.insert_header((header::WWW_AUTHENTICATE, format!("Bearer {challenge}")));
        }
        Some(ErrorHeader::RetryAfter(wait)) => {
            response.insert_header((header::RETRY_AFTER, whole_seconds(*wait)));
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

/// Rounded up, and never none at all: whoever is to come back later should not do so at once.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Puts the rendered body and its headers into the response, and keeps what layers within have
/// put there (CORS, deprecation).
fn with_body_of<B: MessageBody>(
    response: ServiceResponse<B>,
    rendered: HttpResponse,
) -> ServiceResponse<PermitBody> {
    let (request, inner) = response.into_parts();
    let mut rendered = rendered;
    for (name, value) in inner.headers() {
        if *name != header::CONTENT_TYPE && !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, rendered.map_body(|_, body| PermitBody::new(body, None)))
}

/// Says what is left of the caller's budgets, where the request was done, and where it was too
/// much. Other refusals say nothing of it, so that nobody learns anything by comparing them.
fn state_limits<B>(response: &mut ServiceResponse<B>) {
    let quota_headers = response.request().extensions().get::<QuotaHeaders>().cloned();
    if let Some(quota_headers) = quota_headers
        && (response.status().is_success() || quota_headers.wait().is_some())
    {
        quota_headers.write(response.headers_mut());
    }
}

/// What every answer carries.
fn dress(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(request_id::HEADER, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Answers hold personal data and depend on the token.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
