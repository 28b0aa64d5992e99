//! The tracking of one request, from its first byte to its log entry.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::{Ready, ready};
use std::ops::Deref;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use ports::CallContext;
use telemetry::{TraceParent, TraceSampler, place_span, rename_span, spans_are_logged};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;

use crate::metrics::{Route, known_method};
use crate::protection::idle_connections::RequestGuard;
use crate::protection::permit_body::Held;
use crate::protection::rate_limit::QuotaHeaders;
use crate::request::path::PathParameters;
use crate::response::api_error::ApiError;
use crate::response::contract::Contract;
use crate::server::access_log::{AccessLogEntry, CLIENT_CLOSED_REQUEST, LogFields};
use crate::server::path_table::{PathTemplate, Segments};
use crate::server::request_id::RequestId;
use crate::server::state::AppState;
use crate::server::trace_context;

/// Returns the time for calls of adapters: a little less than the request timeout, so that an
/// adapter's error about a slow directory reaches the client.
fn adapter_time(request_timeout: Duration) -> Duration {
    request_timeout * 19 / 20
}

/// The data of a request. The request lifecycle creates it, and the middleware and extractors within
/// read and complete it.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// The state of the service.
    pub(crate) state: web::Data<AppState>,
    /// The request id.
    pub(crate) id: RequestId,
    trace: TraceParent,
    /// Fields for the log entry.
    pub(crate) log_fields: LogFields,
    /// The part of the context that adapters use.
    pub(crate) call: CallContext,
    /// The request's span, if the request is sampled or the log shows spans.
    pub(crate) span: Span,
    /// What remains of the caller's quotas, once the request is counted.
    pub(crate) quota_headers: OnceCell<QuotaHeaders>,
    /// What the request holds until its response is sent.
    pub(crate) held: RefCell<Held>,
    method: Method,
    uri: Uri,
    matched: OnceCell<(Rc<MatchedPath>, PathParameters)>,
    started: Instant,
    ended: Cell<Option<Instant>>,
}

/// What the router knows about the path that a request matched.
#[derive(Debug)]
pub(crate) struct MatchedPath {
    route: Route,
    checks_password: bool,
    tenant_at: Option<usize>,
    user_at: Option<usize>,
}

impl MatchedPath {
    /// Returns what is known about the paths of a template.
    pub(crate) fn new(template: &PathTemplate, checks_password: bool) -> Self {
        Self {
            route: Route::new(template.as_str()),
            checks_password,
            tenant_at: template.position("tenantId"),
            user_at: template.position("userId"),
        }
    }

    /// Returns whether the operations verify a current password.
    pub(crate) fn checks_password(&self) -> bool {
        self.checks_password
    }
}

/// A request that the request lifecycle tracks until it is dropped.
#[derive(Debug)]
pub(crate) struct TrackedRequest {
    context: Rc<RequestContext>,
    /// Keeps the connection open.
    connection: RequestGuard,
}

fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::REQUEST_TIMEOUT)
}

/// An abandoned request is dropped at any point, and is logged too.
impl Drop for TrackedRequest {
    fn drop(&mut self) {
        if self.ended.get().is_none() {
            self.state.metrics.http.abandoned.inc();
            self.finish(self.route_of_path().as_ref(), client_closed_request(), None);
        }
        if let Some(ended) = self.ended.get() {
            self.connection.end(ended);
        }
        self.state.in_flight.finish_request();
    }
}

impl Deref for TrackedRequest {
    type Target = RequestContext;

    fn deref(&self) -> &RequestContext {
        &self.context
    }
}

impl TrackedRequest {
    /// Starts tracking an incoming request, and adds its context to it.
    pub(crate) fn start(state: &web::Data<AppState>, request: &ServiceRequest) -> Self {
        let context = Rc::new(RequestContext::new(state, request));
        request.extensions_mut().insert(Rc::clone(&context));
        Self { context, connection: RequestGuard::start(request) }
    }
}

impl RequestContext {
    /// Returns the context of a request, if it went through the request lifecycle.
    pub(crate) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().cloned()
    }

    /// As [`RequestContext::of`], for what is called within the request lifecycle only.
    pub(crate) fn require(request: &HttpRequest) -> Result<Rc<Self>, ApiError> {
        Self::of(request).ok_or_else(|| ApiError::internal("the request has no context"))
    }

    fn new(state: &web::Data<AppState>, request: &ServiceRequest) -> Self {
        let started = Instant::now();
        let id = RequestId::of(request.headers());
        state.in_flight.start_request();
        let (span, trace) = start_span(state.sampler, &id, request.headers());
        Self {
            state: state.clone(),
            trace,
            log_fields: LogFields::default(),
            call: CallContext::new(id.shared(), started + adapter_time(state.request_timeout)),
            span,
            quota_headers: OnceCell::new(),
            held: RefCell::default(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            matched: OnceCell::new(),
            started,
            ended: Cell::new(None),
            id,
        }
    }

    /// Returns the moment at which the request exceeds its timeout.
    pub(crate) fn deadline(&self) -> Instant {
        self.started + self.state.request_timeout
    }

    /// Records the path that the router has found, and its segments.
    pub(crate) fn set_matched(&self, matched: &Rc<MatchedPath>, segments: &Segments<'_>) {
        let parameter = |position: Option<usize>| segments.get(position?);
        let parameters =
            PathParameters::decode(parameter(matched.tenant_at), parameter(matched.user_at));
        // There is one router, and so no second path.
        let _ = self.matched.set((Rc::clone(matched), parameters));
    }

    /// Returns what is known about the path, if the router has found it.
    pub(crate) fn matched(&self) -> Option<&MatchedPath> {
        self.matched.get().map(|(matched, _)| &**matched)
    }

    /// Returns the route that the router has found.
    pub(crate) fn route(&self) -> Option<&Route> {
        self.matched().map(|matched| &matched.route)
    }

    /// Returns the parameters of the path, if the router has found it.
    pub(crate) fn path_parameters(&self) -> Option<&PathParameters> {
        self.matched.get().map(|(_, parameters)| parameters)
    }

    /// Returns the route that the path matches, for requests that fail before routing.
    pub(crate) fn route_of_path(&self) -> Option<Route> {
        self.state.templates.find(self.uri.path()).map(|(template, _)| Route::new(template))
    }

    /// Returns the contract of the matched route, because a path has several spellings; without a
    /// route, that of the path.
    pub(crate) fn contract(&self, route: Option<&Route>) -> Contract {
        Contract::of_path(route.map_or(self.uri.path(), Route::as_str))
    }

    /// Ends the request: counts it and writes its log entry.
    pub(crate) fn finish(
        &self,
        route: Option<&Route>,
        status: StatusCode,
        api_error: Option<&ApiError>,
    ) {
        let now = Instant::now();
        self.ended.set(Some(now));
        let duration = now.saturating_duration_since(self.started);
        let metrics = &self.state.metrics.http;
        metrics.request(route, &self.method, status, duration);
        if let Some(api_error) = api_error {
            metrics.error(api_error.code());
        }
        let line = AccessLogEntry {
            request_id: self.id.as_str(),
            trace: self.trace,
            method: known_method(&self.method),
            route: route.map_or("unmatched", Route::as_str),
            status: status.as_u16(),
            api_error,
            log_fields: &self.log_fields,
            duration,
            upstream_calls: self.call.upstream_calls(),
        };
        line.write();
        if !self.span.is_disabled() {
            let AccessLogEntry { method, route, status, .. } = line;
            rename_span(&self.span, format!("{method} {route}"));
            self.span.record("http.request.method", method);
            self.span.record("http.route", route);
            self.span.record("http.response.status_code", status);
            if status >= 500 {
                self.span.record("otel.status_code", "ERROR");
            }
        }
    }
}

/// Returns the span of a request and its position in the trace. Only a sampled request has a span,
/// unless the log shows spans.
///
/// Field names follow OpenTelemetry's semantic conventions for HTTP servers.
fn start_span(
    sampler: Option<TraceSampler>,
    id: &RequestId,
    headers: &HeaderMap,
) -> (Span, TraceParent) {
    let caller = trace_context::caller_traceparent(headers);
    let position = match sampler {
        Some(sampler) => sampler.position(caller),
        None => trace_context::unexported_traceparent(caller),
    };
    let is_sampled = sampler.is_some() && position.is_sampled();
    if !is_sampled && !spans_are_logged() {
        return (Span::none(), position);
    }
    let span = tracing::info_span!(
        "request",
        request_id = id.as_str(),
        otel.kind = Empty,
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    if sampler.is_none() {
        return (span, position);
    }
    // The kind cannot change once the span has its position.
    span.record("otel.kind", "server");
    let position = place_span(&span, caller, position);
    (span, position)
}

/// Extracting the parameters never fails.
impl FromRequest for PathParameters {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::require(request).map(|context| {
            let parameters = context.path_parameters().cloned();
            parameters.unwrap_or_default()
        }))
    }
}
