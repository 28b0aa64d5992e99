//! Reports each attempt: to the observer, to the log, and as a trace span.
//!
//! The span uses the names of OpenTelemetry's semantic conventions for HTTP clients where they
//! exist. It has the template of the route and not the URL, which contains personal data.

use ports::{CallContext, RequestOutcome, UpstreamObserver, UpstreamRequest};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;

use crate::error::RequestError;
use crate::transport::rate_limit_headers::quota;
use crate::transport::request::ApiRequest;
use crate::transport::response::ApiResponse;

/// The record of an attempt in flight. It reaches the observer once, even if the attempt is
/// abandoned and the record dropped.
#[derive(Debug)]
pub(crate) struct RequestRecord<'a> {
    observer: &'a dyn UpstreamObserver,
    upstream_request: UpstreamRequest,
    start: Instant,
    span: Span,
}

impl<'a> RequestRecord<'a> {
    /// Records the start of an attempt.
    pub(crate) fn start(
        observer: &'a dyn UpstreamObserver,
        request: &ApiRequest,
        attempt: u32,
        start: Instant,
    ) -> Self {
        if let Some(call) = CallContext::current() {
            call.count_upstream_call();
        }
        let (kind, outcome) = (request.kind.as_str(), RequestOutcome::Abandoned);
        let upstream_request = UpstreamRequest { kind, attempt, outcome, took: start.elapsed() };
        Self { observer, upstream_request, start, span: span(request, attempt) }
    }

    /// Returns the span of the attempt.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Records the outcome of the attempt.
    pub(crate) fn finish(
        mut self,
        route: &'static str,
        outcome: &Result<ApiResponse, RequestError>,
    ) {
        let _entered = self.span.clone().entered();
        let attempt = self.upstream_request.attempt;
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(response) => {
                let status = response.status.as_u16();
                tracing::debug!(route, status, attempt, millis, "request to Auth0 completed");
                self.upstream_request.outcome = RequestOutcome::Status(status);
                self.span.record("http.response.status_code", status);
                if status >= 400 {
                    self.span.record("otel.status_code", "error");
                    self.span.record("error.type", response.status.as_str());
                }
                if let Some(quota) = quota(&response.headers) {
                    self.observer.record_quota(self.upstream_request.kind, quota);
                }
            }
            Err(error) => {
                tracing::debug!(route, %error, attempt, millis, "request to Auth0 failed");
                self.upstream_request.outcome = match error {
                    RequestError::Unreachable(_) => RequestOutcome::Unreachable,
                    RequestError::TimedOut { .. } => RequestOutcome::TimedOut,
                    RequestError::ConnectionBroken(_)
                    | RequestError::Malformed(_)
                    | RequestError::CircuitOpen { .. }
                    | RequestError::DeadlineExceeded
                    | RequestError::RateLimited { .. }
                    | RequestError::ServerError { .. }
                    | RequestError::SlowSearch
                    | RequestError::Rejected(_)
                    | RequestError::NoToken(_) => RequestOutcome::Broken,
                };
            }
        }
    }
}

impl Drop for RequestRecord<'_> {
    fn drop(&mut self) {
        self.upstream_request.took = self.start.elapsed();
        self.observer.record_request(self.upstream_request);
        let error = match self.upstream_request.outcome {
            RequestOutcome::Status(_) => return,
            RequestOutcome::Unreachable => "unreachable",
            RequestOutcome::Broken => "broken",
            RequestOutcome::TimedOut => "timed_out",
            RequestOutcome::Abandoned => "abandoned",
        };
        self.span.record("otel.status_code", "error");
        self.span.record("error.type", error);
    }
}

fn span(request: &ApiRequest, attempt: u32) -> Span {
    let span = tracing::info_span!(
        "auth0",
        otel.kind = "client",
        otel.status_code = Empty,
        kind = request.kind.as_str(),
        http.request.method = request.method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.template = template(request.route),
        error.type = Empty,
    );
    // Only on retries, as the conventions require.
    if attempt > 1 {
        span.record("http.request.resend_count", attempt - 1);
    }
    span
}

/// Returns the path of a route's name, such as `/users/{id}` of `GET /users/{id}`.
fn template(route: &'static str) -> &'static str {
    route.split(' ').nth(1).unwrap_or(route)
}
