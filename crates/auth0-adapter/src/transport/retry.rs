//! Retries: sends a request again where that is safe and can help, within the deadline.

use std::sync::Arc;

use domain::Timestamp;
use ports::Clock;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::config::CircuitBreakerConfig;
use crate::error::{MalformedResponse, RequestError};
use crate::tasks::Tasks;
use crate::transport::backoff::{retry_delay, sleep};
use crate::transport::call_kind::{CallKind, PerKind};
use crate::transport::circuit_breaker::{CircuitBreaker, Health};
use crate::transport::client::HttpClient;
use crate::transport::rate_gate::{RateFeedback, RateGate};
use crate::transport::request::ApiRequest;
use crate::transport::response::ApiResponse;

/// The maximum number of attempts.
const MAX_SENDS: u32 = 3;
/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// Whenever that can help: the request is idempotent.
    Always,
    /// Only if Auth0 certainly did not process it.
    IfUnprocessed,
    /// Never.
    Never,
}

/// The attempts of one request so far.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    count: u32,
    /// The last error after which the request may have been processed.
    unresolved: Option<RequestError>,
}

impl Attempts {
    /// Returns whether no further attempt is allowed.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.count >= MAX_SENDS
    }

    /// Returns the error of a request that changes something: if an earlier attempt may have been
    /// processed, later errors do not alter that, unless Auth0 judged the request itself.
    pub(crate) fn final_error(self, error: RequestError) -> RequestError {
        let is_judged = matches!(
            &error,
            RequestError::Rejected(response) if !matches!(response.status(), 401 | 403)
        );
        match self.unresolved {
            Some(unresolved) if error.is_unprocessed() && !is_judged => unresolved,
            _ => error,
        }
    }
}

/// The HTTP client with its circuit breakers and rate gates.
#[derive(Debug)]
pub(crate) struct Transport {
    client: HttpClient,
    circuit_breakers: PerKind<CircuitBreaker>,
    rate_gates: PerKind<Arc<RateGate>>,
    clock: Arc<dyn Clock>,
}

impl Transport {
    pub(crate) fn new(
        client: HttpClient,
        circuit: CircuitBreakerConfig,
        tasks: &Tasks,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Tasks { runtime, observer, .. } = tasks;
        let circuit_breakers =
            PerKind::new(|kind| CircuitBreaker::new(kind, circuit, Arc::clone(observer)));
        let rate_gates =
            PerKind::new(|kind| RateGate::new(kind, runtime.clone(), Arc::clone(observer)));
        Self { client, circuit_breakers, rate_gates, clock }
    }

    /// Returns the circuit breaker of this kind.
    pub(crate) fn circuit_breaker(&self, kind: CallKind) -> &CircuitBreaker {
        self.circuit_breakers.get(kind)
    }

    /// Returns whether Auth0 has reported that the quota of this kind is exhausted.
    pub(crate) fn is_rate_limited(&self, kind: CallKind) -> bool {
        self.rate_gates.get(kind).is_exhausted()
    }

    /// Sends until `read` accepts a response or no retry is allowed. `attempts` counts earlier
    /// attempts too, and is updated.
    pub(crate) async fn send<T: Send>(
        &self,
        request: &ApiRequest,
        authorization: Option<&HeaderValue>,
        retry_policy: RetryPolicy,
        deadline: Instant,
        attempts: &mut Attempts,
        read: impl Fn(&ApiResponse, Timestamp) -> Result<T, RequestError> + Send + Sync,
    ) -> Result<T, RequestError> {
        let (circuit_breaker, rate_gate) =
            (self.circuit_breaker(request.kind), self.rate_gates.get(request.kind));
        let open = |retry_after| RequestError::CircuitOpen { retry_after };
        let mut before = None;
        loop {
            if let Some(left) = circuit_breaker.open_for() {
                return Err(open(left));
            }
            let rate_permit =
                rate_gate.enter(deadline).await.map_err(|limited| before.unwrap_or(limited))?;
            let circuit_permit = match circuit_breaker.admit() {
                Ok(circuit_permit) => circuit_permit,
                Err(left) => {
                    rate_permit.report(RateFeedback::NotSent);
                    return Err(open(left));
                }
            };
            attempts.count += 1;
            let attempt = attempts.count;
            let outcome = match self.client.send(request, authorization, deadline, attempt).await {
                Ok(response) => {
                    let now = self.clock.now();
                    let outcome = read(&response, now);
                    rate_permit.report(RateFeedback::of(&response, &outcome, now));
                    outcome
                }
                Err(error) => {
                    let unsent = matches!(
                        error,
                        RequestError::DeadlineExceeded | RequestError::Unreachable(_)
                    );
                    rate_permit.report(if unsent {
                        RateFeedback::NotSent
                    } else {
                        RateFeedback::NoInformation
                    });
                    Err(error)
                }
            };
            circuit_permit.settle(health(&outcome));
            let error = match outcome {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if !error.is_unprocessed() {
                attempts.unresolved = Some(error.clone());
            }
            if attempt >= max_sends(&error, retry_policy) {
                return Err(error);
            }
            // After a 429 the rate gate waits.
            if !matches!(error, RequestError::RateLimited { .. }) {
                let wait = retry_delay(&error, attempt);
                if wait >= deadline.saturating_duration_since(Instant::now()) {
                    return Err(error);
                }
                sleep(wait).await;
            }
            before = Some(error);
        }
    }
}

/// Returns how often a request may be sent that failed with this error.
fn max_sends(error: &RequestError, retry_policy: RetryPolicy) -> u32 {
    let allowed = match retry_policy {
        RetryPolicy::Always => true,
        RetryPolicy::IfUnprocessed => error.is_unprocessed(),
        RetryPolicy::Never => false,
    };
    match error {
        RequestError::Unreachable(_)
        | RequestError::ConnectionBroken(_)
        | RequestError::TimedOut { .. }
        | RequestError::RateLimited { .. }
        | RequestError::ServerError { .. }
            if allowed =>
        {
            MAX_SENDS
        }
        // A slow search is expensive for Auth0, and hardly faster the third time.
        RequestError::SlowSearch if allowed => 2,
        RequestError::CircuitOpen { .. }
        | RequestError::DeadlineExceeded
        | RequestError::Unreachable(_)
        | RequestError::ConnectionBroken(_)
        | RequestError::TimedOut { .. }
        | RequestError::RateLimited { .. }
        | RequestError::ServerError { .. }
        | RequestError::SlowSearch
        | RequestError::Malformed(_)
        | RequestError::Rejected(_)
        | RequestError::NoToken(_) => 1,
    }
}

/// Classifies the outcome of an attempt. Rate limits, 4xx and responses that are too long show that
/// Auth0 works.
fn health<T>(outcome: &Result<T, RequestError>) -> Health {
    match outcome {
        Ok(_) => Health::Healthy,
        Err(error) => match error {
            RequestError::RateLimited { .. }
            | RequestError::Rejected(_)
            | RequestError::Malformed(MalformedResponse::TooLong)
            | RequestError::SlowSearch => Health::Healthy,
            RequestError::Unreachable(_)
            | RequestError::ConnectionBroken(_)
            | RequestError::TimedOut { cut_short: false }
            | RequestError::ServerError { .. }
            | RequestError::Malformed(_) => Health::Failing,
            RequestError::CircuitOpen { .. }
            | RequestError::DeadlineExceeded
            | RequestError::TimedOut { cut_short: true }
            | RequestError::NoToken(_) => Health::Unknown,
        },
    }
}

#[cfg(test)]
mod tests;
