//! What is told of each request that is sent.

use ports::{Call, Sent, SentOutcome, UpstreamWatch};
use tokio::time::Instant;

use crate::client::{Answer, Outgoing};
use crate::error::Failure;
use crate::headers::allowance;

/// A request on its way. The watch is told of it once, whatever becomes of it: also when nobody
/// waits for the answer any more, and this is dropped.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    watch: &'a dyn UpstreamWatch,
    sent: Sent,
    start: Instant,
}

impl<'a> Report<'a> {
    /// The request is sent now.
    pub(crate) fn begin(
        watch: &'a dyn UpstreamWatch,
        outgoing: &Outgoing,
        attempt: u32,
        start: Instant,
    ) -> Self {
        if let Some(call) = Call::current() {
            call.count_upstream_call();
        }
        let (kind, outcome) = (outgoing.kind.as_str(), SentOutcome::Abandoned);
        Self { watch, sent: Sent { kind, attempt, outcome, took: start.elapsed() }, start }
    }

    /// This came of it.
    pub(crate) fn end(mut self, route: &'static str, outcome: &Result<Answer, Failure>) {
        let attempt = self.sent.attempt;
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok(answer) => {
                let status = answer.status.as_u16();
                tracing::debug!(route, status, attempt, millis, "asked Auth0");
                self.sent.outcome = SentOutcome::Status(status);
                if let Some(allowance) = allowance(&answer.headers) {
                    self.watch.allowance(self.sent.kind, allowance);
                }
            }
            Err(failure) => {
                tracing::debug!(route, %failure, attempt, millis, "asked Auth0 in vain");
                self.sent.outcome = match failure {
                    Failure::Unreachable(_) => SentOutcome::Unreachable,
                    Failure::TimedOut { .. } => SentOutcome::TimedOut,
                    Failure::Broken(_)
                    | Failure::Garbage(_)
                    | Failure::Open { .. }
                    | Failure::NoTime
                    | Failure::Limited { .. }
                    | Failure::Status { .. }
                    | Failure::SlowSearch
                    | Failure::Refused(_)
                    | Failure::NoToken(_) => SentOutcome::Broken,
                };
            }
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.sent.took = self.start.elapsed();
        self.watch.sent(self.sent);
    }
}
