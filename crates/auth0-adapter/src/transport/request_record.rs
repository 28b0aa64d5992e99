//! What is told of each request that is sent: to the watch, to the log, and in a span for traces.
//!
//! The span has the names of OpenTelemetry's semantic conventions for HTTP clients, as far as there
//! are any. The address is not in it, since that names people: the route is.

use ports::{CallContext, RequestOutcome, UpstreamObserver, UpstreamRequest};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::Empty;

use crate::error::Failure;
use crate::transport::rate_limit_headers::allowance;
use crate::transport::request::Outgoing;
use crate::transport::response::Answer;

/// A request on its way. The watch is told of it once, whatever becomes of it: also when nobody
/// waits for the answer any more, and this is dropped.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    watch: &'a dyn UpstreamObserver,
    sent: UpstreamRequest,
    start: Instant,
    span: Span,
}

impl<'a> Report<'a> {
    /// The request is sent now.
    pub(crate) fn begin(
        watch: &'a dyn UpstreamObserver,
        outgoing: &Outgoing,
        attempt: u32,
        start: Instant,
    ) -> Self {
        if let Some(call) = CallContext::current() {
            call.count_upstream_call();
        }
        let (kind, outcome) = (outgoing.kind.as_str(), RequestOutcome::Abandoned);
        let sent = UpstreamRequest { kind, attempt, outcome, took: start.elapsed() };
        Self { watch, sent, start, span: span(outgoing, attempt) }
    }

    /// The span of the exchange.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// This came of it.
    pub(crate) fn end(mut self, route: &'static str, outcome: &Result<Answer, Failure>) {
        let _entered = self.span.clone().entered();
        let attempt = self.sent.attempt;
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => {
                let status = answer.status.as_u16();
                tracing::debug!(route, status, attempt, millis, "asked Auth0");
                self.sent.outcome = RequestOutcome::Status(status);
                self.span.record("http.response.status_code", status);
                if status >= 400 {
                    self.span.record("otel.status_code", "error");
                    self.span.record("error.type", answer.status.as_str());
                }
                if let Some(allowance) = allowance(&answer.headers) {
                    self.watch.record_quota(self.sent.kind, allowance);
                }
            }
            Err(failure) => {
                tracing::debug!(route, %failure, attempt, millis, "asked Auth0 in vain");
                self.sent.outcome = match failure {
                    Failure::Unreachable(_) => RequestOutcome::Unreachable,
                    Failure::TimedOut { .. } => RequestOutcome::TimedOut,
                    Failure::Broken(_)
                    | Failure::Garbage(_)
                    | Failure::Open { .. }
                    | Failure::NoTime
                    | Failure::Limited { .. }
                    | Failure::Status { .. }
                    | Failure::SlowSearch
                    | Failure::Refused(_)
                    | Failure::NoToken(_) => RequestOutcome::Broken,
                };
            }
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.sent.took = self.start.elapsed();
        self.watch.record_request(self.sent);
        let error = match self.sent.outcome {
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

fn span(outgoing: &Outgoing, attempt: u32) -> Span {
    let span = tracing::info_span!(
        "auth0",
        otel.kind = "client",
        otel.status_code = Empty,
        kind = outgoing.kind.as_str(),
        http.request.method = outgoing.method.as_str(),
        http.request.resend_count = Empty,
        http.response.status_code = Empty,
        url.template = template(outgoing.route),
        error.type = Empty,
    );
    // Only of those that are repetitions, as the conventions have it.
    if attempt > 1 {
        span.record("http.request.resend_count", attempt - 1);
    }
    span
}

/// The path of a route's name, such as `/users/{id}` of `GET /users/{id}`.
fn template(route: &'static str) -> &'static str {
    route.split(' ').nth(1).unwrap_or(route)
}
