//! One request, from its first byte to its line in the log.

use std::cell::Cell;
use std::time::{Duration, Instant};

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::web;
use ports::CallContext;
use telemetry::{TraceParent, rename_span, set_parent, traceparent_of};
use tokio::time::Instant as Deadline;
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

/// How much of a request's time an adapter may take: a little less than all of it, so that what
/// the adapter has to say of a directory that is late still reaches the client.
fn inner_time(request_timeout: Duration) -> Duration {
    request_timeout * 19 / 20
}

/// What the edge remembers of a request while the rest has it.
#[derive(Debug)]
pub(crate) struct RequestContext {
    state: web::Data<AppState>,
    /// Its name.
    pub(crate) id: RequestId,
    trace: TraceParent,
    /// What becomes known of it.
    pub(crate) log_fields: LogFields,
    /// What adapters may know of it.
    pub(crate) call: CallContext,
    /// Its part of the trace.
    pub(crate) span: Span,
    method: Method,
    uri: Uri,
    began: Instant,
    ended: Cell<bool>,
}

fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::REQUEST_TIMEOUT)
}

/// A request that nobody waits for any more is dropped wherever it is, and has its line all the
/// same.
impl Drop for RequestContext {
    fn drop(&mut self) {
        if !self.ended.get() {
            self.state.metrics.http.abandoned.inc();
            self.end(self.route().as_ref(), client_closed_request(), None);
        }
        self.state.in_flight.ended();
    }
}

impl RequestContext {
    /// The route that its path matches, for when the request itself is lost.
    pub(crate) fn route(&self) -> Option<Route> {
        routes::route_of(self.uri.path())
    }

    /// It has come in.
    pub(crate) fn begin(state: &web::Data<AppState>, request: &ServiceRequest) -> Self {
        #[expect(clippy::disallowed_methods, reason = "durations are measured here only")]
        let began = Instant::now();
        let id = RequestId::of(request.headers());
        state.in_flight.began();
        let (span, trace) = begin_span(state.traced, &id, request.headers());
        Self {
            state: state.clone(),
            trace,
            log_fields: LogFields::default(),
            call: CallContext::new(
                id.shared(),
                Deadline::now() + inner_time(state.request_timeout),
            ),
            span,
            method: request.method().clone(),
            uri: request.uri().clone(),
            began,
            ended: Cell::new(false),
            id,
        }
    }

    /// By the route, since a path may be spelt in several ways; by the path where there is none.
    pub(crate) fn contract(&self, route: Option<&Route>) -> Contract {
        Contract::of_path(route.map_or(self.uri.path(), Route::as_str))
    }

    /// The request has come to its end: it is counted, and gets its one line in the log.
    pub(crate) fn end(
        &self,
        route: Option<&Route>,
        status: StatusCode,
        api_error: Option<&ApiError>,
    ) {
        self.ended.set(true);
        let took = self.began.elapsed();
        let metrics = &self.state.metrics.http;
        metrics.request(route, &self.method, status, took);
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
            took,
            upstream_calls: self.call.upstream_calls(),
        };
        line.write();
        if self.state.traced {
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

/// The span of a request, and where in its trace it is. What is logged meanwhile, by whichever
/// crate, bears the name of the request by it.
///
/// Its names are those of OpenTelemetry's semantic conventions for HTTP servers.
fn begin_span(traced: bool, id: &RequestId, headers: &HeaderMap) -> (Span, TraceParent) {
    let span = tracing::info_span!(
        "request",
        request_id = id.as_str(),
        otel.kind = Empty,
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    let caller = trace_context::caller_traceparent(headers);
    let exported = if traced {
        if let Some(caller) = caller {
            set_parent(&span, caller);
        }
        span.record("otel.kind", "server");
        traceparent_of(&span)
    } else {
        None
    };
    let trace = exported.unwrap_or_else(|| trace_context::unexported_traceparent(caller));
    (span, trace)
}
