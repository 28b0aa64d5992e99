//! The request lifecycle: the outermost middleware.
//!
//! It assigns the request id, renders every error in the format of the contract that the path
//! belongs to, counts the request, and writes its log entry.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{Error, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use tracing::Instrument as _;

use crate::metrics::Route;
use crate::protection::permit_body::{Held, PermitBody};
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::response::contract::Contract;
use crate::response::error_response::ErrorResponse;
use crate::response::problem::{self, Problem};
use crate::server::request_context::{RequestContext, TrackedRequest};
use crate::server::request_id::{self, RequestId};
use crate::server::state::AppState;

/// The outermost middleware.
#[derive(Debug, Clone)]
pub(crate) struct RequestLifecycle(web::Data<AppState>);

impl RequestLifecycle {
    /// Creates the middleware of a service with this state.
    pub(crate) fn new(state: web::Data<AppState>) -> Self {
        Self(state)
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequestLifecycle
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<PermitBody>;
    type Error = Error;
    type Transform = RequestLifecycleService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, next: S) -> Self::Future {
        ready(Ok(RequestLifecycleService { state: self.0.clone(), next }))
    }
}

/// The service of [`RequestLifecycle`].
#[derive(Debug)]
pub(crate) struct RequestLifecycleService<S> {
    state: web::Data<AppState>,
    next: S,
}

impl<S, B> Service<ServiceRequest> for RequestLifecycleService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<PermitBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(next);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let context = TrackedRequest::start(&self.state, &request);
        let closes_connection = request.head().upgrade();
        let handling = context.call.clone().scope(self.next.call(request));
        let handling = handling.instrument(context.span.clone());
        Box::pin(async move {
            let outcome = handling.await;
            // For `Connection: upgrade`, the framework would promise an upgrade that does not come.
            let closes_connection = closes_connection || context.state.in_flight.is_stopping();
            match outcome {
                Ok(response) => Ok(complete(&context, response, closes_connection)),
                Err(error) => Err(fail(&context, &error, closes_connection)),
            }
        })
    }
}

/// Ends a request that has a response.
fn complete<B: MessageBody + 'static>(
    context: &RequestContext,
    response: ServiceResponse<B>,
    closes_connection: bool,
) -> ServiceResponse<PermitBody> {
    let status = response.status();
    // The documentation page is no operation, and has its route from the framework.
    let route = context.route().or_else(|| response.request().app_data::<Route>());
    let held = context.held.take();
    let mut response = if status.is_client_error() || status.is_server_error() {
        let error = response.response().error();
        // Errors of the framework and of other middleware, such as CORS, are not an `ApiError`.
        let rendered = match error.and_then(|error| error.as_error::<ApiError>()) {
            Some(api_error) => log_and_render(context, api_error, route),
            None => log_and_render(context, &framework_error(error, status), route),
        };
        replace_body(response, rendered)
    } else {
        context.finish(route, status, None);
        response.map_body(|_, body| PermitBody::new(body, held))
    };
    // Other errors do not have the remaining quotas, because they could disclose the reason.
    if let Some(quota_headers) = context.quota_headers.get()
        && (status.is_success() || quota_headers.wait().is_some())
    {
        quota_headers.write(response.headers_mut());
    }
    if closes_connection {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    add_common_headers(response.headers_mut(), &context.id);
    response
}

/// Ends a request that has no response. The returned error contains the whole response.
fn fail(context: &RequestContext, error: &Error, closes_connection: bool) -> Error {
    let route = context.route_of_path();
    let rendered = if let Some(api_error) = error.as_error::<ApiError>() {
        log_and_render(context, api_error, route.as_ref())
    } else {
        let status = error.as_response_error().status_code();
        log_and_render(context, &framework_error(Some(error), status), route.as_ref())
    };
    let mut response = with_inner_headers(rendered, error.error_response().headers());
    add_common_headers(response.headers_mut(), &context.id);
    if closes_connection {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    InternalError::from_response("request failed", response).into()
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
fn framework_error(error: Option<&Error>, status: StatusCode) -> ApiError {
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
    rendered: HttpResponse,
) -> ServiceResponse<PermitBody> {
    let (request, inner) = response.into_parts();
    let rendered = with_inner_headers(rendered, inner.headers());
    ServiceResponse::new(
        request,
        rendered.map_body(|_, body| PermitBody::new(body, Held::default())),
    )
}

/// Adds the headers of an inner response that the rendered one does not have.
fn with_inner_headers(mut rendered: HttpResponse, inner: &HeaderMap) -> HttpResponse {
    for (name, value) in inner {
        if *name != header::CONTENT_TYPE && !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    rendered
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
