//! The edge: the outermost layer, through which every request comes in and every answer goes out.
//!
//! It names the request, bounds its head and its time, catches panics, turns every fault, the
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
use crate::protection::admission::{Paced, Place};
use crate::protection::idle_connections::UnderWay;
use crate::protection::rate_limit::Statement;
use crate::response::api_error::{Extra, Fault, directory_timeout};
use crate::response::code::Code;
use crate::response::contract::Contract;
use crate::response::error_response::ErrorResponse;
use crate::response::problem::{self, Problem};
use crate::server::request_context::Visit;
use crate::server::request_id::{self, RequestId};
use crate::server::state::Api;

/// The middleware function. Put it around everything.
pub(crate) async fn edge<B: MessageBody + 'static>(
    api: web::Data<Api>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Paced>, actix_web::Error> {
    let visit = Visit::begin(&api, &request);
    let _under_way = UnderWay::begin(&request);
    if let Err(fault) = api.head.check(&request) {
        return Err(lost(&visit, fault, &api).into());
    }
    request.extensions_mut().insert(visit.id.clone());
    request.extensions_mut().insert(visit.notes.clone());

    let answer = visit.call.clone().scope(next.call(request)).instrument(visit.span.clone());
    let answer = AssertUnwindSafe(answer).catch_unwind();
    let response = match tokio::time::timeout(api.request_timeout, answer).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(error))) => {
            let fault = fault_of(Some(&error), error.as_response_error().status_code());
            return Err(lost(&visit, fault, &api).into());
        }
        // The panic hook has logged the panic itself.
        Ok(Err(_panic)) => {
            return Err(lost(&visit, Fault::internal("a handler panicked"), &api).into());
        }
        Err(_elapsed) => {
            let fault = directory_timeout().because("the request took longer than it may");
            return Err(lost(&visit, fault, &api).into());
        }
    };

    let status = response.status();
    let route = response.request().app_data::<Route>().cloned();
    let route = route.as_ref();
    let place = response.request().extensions_mut().remove::<Place>();
    let mut response = if status.is_client_error() || status.is_server_error() {
        let error = response.response().error();
        // An answer that is no fault of ours may still be one: the preflight of CORS, say.
        let answer = match error.and_then(|error| error.as_error::<Fault>()) {
            Some(fault) => rendered(&visit, fault, route),
            None => rendered(&visit, &fault_of(error, status), route),
        };
        with_body_of(response, answer)
    } else {
        visit.end(route, status, None);
        response.map_body(|_, body| Paced::new(body, place))
    };
    state_limits(&mut response);
    if api.phase.is_stopping() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    dress(response.headers_mut(), &visit.id);
    Ok(response)
}

/// A fault of a request that is lost, so that no layer within can add to its answer.
fn lost(visit: &Visit, fault: Fault, api: &Api) -> Failed {
    let route = visit.route();
    visit.end(route.as_ref(), fault.code().status(), Some(&fault));
    let contract = visit.contract(route.as_ref());
    Failed { fault, contract, id: visit.id.clone(), closing: api.phase.is_stopping() }
}

fn rendered(visit: &Visit, fault: &Fault, route: Option<&Route>) -> HttpResponse {
    visit.end(route, fault.code().status(), Some(fault));
    render(fault, visit.contract(route), &visit.id)
}

/// What the framework's own error is to a client.
fn fault_of(error: Option<&actix_web::Error>, status: StatusCode) -> Fault {
    let code = Code::of_status(status);
    let detail = if code == Code::InternalError {
        "The service failed."
    } else {
        status.canonical_reason().unwrap_or("The request cannot be answered.")
    };
    let fault = Fault::new(code, detail);
    match error {
        Some(error) => fault.because(error.to_string()),
        None => fault,
    }
}

/// A fault whose request is lost; it makes its whole answer by itself.
#[derive(Debug)]
struct Failed {
    fault: Fault,
    contract: Contract,
    id: RequestId,
    closing: bool,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fault.fmt(f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        self.fault.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = render(&self.fault, self.contract, &self.id);
        dress(response.headers_mut(), &self.id);
        if self.closing {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// The answer to a fault, in the form of the contract.
fn render(fault: &Fault, contract: Contract, id: &RequestId) -> HttpResponse {
    let mut response = HttpResponse::build(fault.code().status());
    match fault.code().status() {
        // RFC 6750 §3: every 401 says how to do better.
        StatusCode::UNAUTHORIZED if fault.extra().is_none() => {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        _ => {}
    }
    if matches!(fault.code(), Code::RequestTimeout | Code::PayloadTooLarge) {
        // What the client goes on to send is not read (RFC 9110 §15.5.9, §15.5.14).
        response.force_close();
    }
    match fault.extra() {
        Some(Extra::Challenge(challenge)) => {
            response.insert_header((header::WWW_AUTHENTICATE, format!("Bearer {challenge}")));
        }
        Some(Extra::RetryAfter(wait)) => {
            response.insert_header((header::RETRY_AFTER, whole_seconds(*wait)));
        }
        Some(Extra::Allow(methods)) => {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        None => {}
    }
    match contract {
        Contract::TenantUsers => {
            response.content_type(problem::CONTENT_TYPE).json(Problem::new(fault, id.as_str()))
        }
        Contract::UserManagement => response.json(ErrorResponse::new(fault, id.as_str())),
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
) -> ServiceResponse<Paced> {
    let (request, inner) = response.into_parts();
    let mut rendered = rendered;
    for (name, value) in inner.headers() {
        if *name != header::CONTENT_TYPE && !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, rendered.map_body(|_, body| Paced::new(body, None)))
}

/// Says what is left of the caller's budgets, where the request was done, and where it was too
/// much. Other refusals say nothing of it, so that nobody learns anything by comparing them.
fn state_limits<B>(response: &mut ServiceResponse<B>) {
    let statement = response.request().extensions().get::<Statement>().cloned();
    if let Some(statement) = statement
        && (response.status().is_success() || statement.wait().is_some())
    {
        statement.write(response.headers_mut());
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
