//! The tracking of one request, from its first byte to its log entry.

use std::cell::Cell;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::web;
use ports::CallContext;
use telemetry::{TraceParent, TraceSampler, place_span, rename_span, spans_are_logged};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;

use crate::metrics::{Route, known_method};
use crate::response::api_error::ApiError;
use crate::response::contract::Contract;
use crate::routes;
use crate::server::access_log::{AccessLogEntry, CLIENT_CLOSED_REQUEST, LogFields};
use crate::server::request_id::RequestId;
use crate::server::state::AppState;
use crate::server::trace_context;

/// Returns the time for calls of adapters: a little less than the request timeout, so that an
/// adapter's error about a slow directory reaches the client.
fn adapter_time(request_timeout: Duration) -> Duration {
    request_timeout * 19 / 20
}

/// The data of a request that the request lifecycle needs until its end.
#[derive(Debug)]
pub(crate) struct RequestContext {
    state: web::Data<AppState>,
    /// The request id.
    pub(crate) id: RequestId,
    trace: TraceParent,
    /// Fields for the log entry.
    pub(crate) log_fields: LogFields,
    /// The part of the context that adapters use.
    pub(crate) call: CallContext,
    /// The request's span, if the request is sampled or the log shows spans.
    pub(crate) span: Span,
    method: Method,
    uri: Uri,
    started: Instant,
    ended: Cell<bool>,
}

fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::REQUEST_TIMEOUT)
}

/// An abandoned request is dropped at any point, and is logged too.
impl Drop for RequestContext {
    fn drop(&mut self) {
        if !self.ended.get() {
            self.state.metrics.http.abandoned.inc();
            self.finish(self.route().as_ref(), client_closed_request(), None);
        }
        self.state.in_flight.finish_request();
    }
}

impl RequestContext {
    /// Returns the route that the path matches, for requests that fail before routing.
    pub(crate) fn route(&self) -> Option<Route> {
        routes::route_of(self.uri.path())
    }

    /// Starts tracking an incoming request.
    pub(crate) fn start(state: &web::Data<AppState>, request: &ServiceRequest) -> Self {
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
            method: request.method().clone(),
            uri: request.uri().clone(),
            started,
            ended: Cell::new(false),
            id,
        }
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
        self.ended.set(true);
        let duration = self.started.elapsed();
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
