//! Sends again what may be sent again, as long as there is time.

use std::sync::Arc;

use domain::Timestamp;
use ports::Clock;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::config::CircuitConfig;
use crate::error::Failure;
use crate::tasks::Tasks;
use crate::transport::backoff::{pause, pause_after};
use crate::transport::call_kind::{Kind, OfKind};
use crate::transport::circuit_breaker::{Breaker, Health};
use crate::transport::client::Client;
use crate::transport::rate_gate::{Gate, News};
use crate::transport::request::Outgoing;
use crate::transport::response::Answer;

/// How many sends there are at most: the first and two more.
const MAX_SENDS: u32 = 3;
/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Whenever that may help: twice is the same as once.
    Repeatable,
    /// If Auth0 certainly did nothing.
    OnlyIfUnprocessed,
    /// Never.
    Once,
}

/// How far a request has come that is sent more than once.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    sends: u32,
    /// The last failure after which it may have been carried out.
    doubt: Option<Failure>,
}

impl Progress {
    /// Whether it may not be sent again, whatever happens.
    pub(crate) fn is_over(&self) -> bool {
        self.sends >= MAX_SENDS
    }

    /// What to say of a request that changes something: one that may have been carried out is not
    /// undone by what becomes of its repetitions, unless Auth0 judges the request itself.
    pub(crate) fn tell(self, failure: Failure) -> Failure {
        let judged = matches!(
            &failure,
            Failure::Refused(refusal) if !matches!(refusal.status(), 401 | 403)
        );
        match self.doubt {
            Some(doubt) if failure.is_certain() && !judged => doubt,
            _ => failure,
        }
    }
}

/// The way to Auth0: the client, the circuit breakers, the gates, and the waiting.
#[derive(Debug)]
pub(crate) struct Transport {
    client: Client,
    breakers: OfKind<Breaker>,
    gates: OfKind<Arc<Gate>>,
    clock: Arc<dyn Clock>,
}

impl Transport {
    pub(crate) fn new(
        client: Client,
        circuit: CircuitConfig,
        tasks: &Tasks,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Tasks { runtime, watch, .. } = tasks;
        let breakers = OfKind::new(|kind| Breaker::new(kind, circuit, Arc::clone(watch)));
        let gates = OfKind::new(|kind| Gate::new(kind, runtime.clone(), Arc::clone(watch)));
        Self { client, breakers, gates, clock }
    }

    /// The circuit breaker of this kind.
    pub(crate) fn breaker(&self, kind: Kind) -> &Breaker {
        self.breakers.of(kind)
    }

    /// Whether Auth0 has said that it takes no more of this kind for now.
    pub(crate) fn is_limited(&self, kind: Kind) -> bool {
        self.gates.of(kind).is_closed()
    }

    /// Sends until there is an answer that `read` takes, or nothing more to be done. `progress`
    /// tells of sends before, and afterwards of all.
    pub(crate) async fn ask<T: Send>(
        &self,
        outgoing: &Outgoing,
        authorization: Option<&HeaderValue>,
        safety: Safety,
        deadline: Instant,
        progress: &mut Progress,
        read: impl Fn(&Answer, Timestamp) -> Result<T, Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        let (breaker, gate) = (self.breaker(outgoing.kind), self.gates.of(outgoing.kind));
        let open = |retry_after| Failure::Open { retry_after };
        let mut before = None;
        loop {
            if let Some(left) = breaker.open_for() {
                return Err(open(left));
            }
            let pass = gate.enter(deadline).await.map_err(|limited| before.unwrap_or(limited))?;
            let permit = match breaker.admit() {
                Ok(permit) => permit,
                Err(left) => {
                    pass.tell(News::Unsent);
                    return Err(open(left));
                }
            };
            progress.sends += 1;
            let attempt = progress.sends;
            let outcome = match self.client.send(outgoing, authorization, deadline, attempt).await {
                Ok(answer) => {
                    let now = self.clock.now();
                    let outcome = read(&answer, now);
                    pass.tell(News::of(&answer, &outcome, now));
                    outcome
                }
                Err(failure) => {
                    let unsent = matches!(failure, Failure::NoTime | Failure::Unreachable(_));
                    pass.tell(if unsent { News::Unsent } else { News::Nothing });
                    Err(failure)
                }
            };
            permit.settle(health(&outcome));
            let failure = match outcome {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if !failure.is_certain() {
                progress.doubt = Some(failure.clone());
            }
            if attempt >= most_sends(&failure, safety) {
                return Err(failure);
            }
            // After a 429 the gate is where to wait.
            if !matches!(failure, Failure::Limited { .. }) {
                let wait = pause_after(&failure, attempt);
                if wait >= deadline.saturating_duration_since(Instant::now()) {
                    return Err(failure);
                }
                pause(wait).await;
            }
            before = Some(failure);
        }
    }
}

/// How often a request may be sent that failed so.
fn most_sends(failure: &Failure, safety: Safety) -> u32 {
    let allowed = match safety {
        Safety::Repeatable => true,
        Safety::OnlyIfUnprocessed => failure.is_certain(),
        Safety::Once => false,
    };
    match failure {
        Failure::Unreachable(_)
        | Failure::Broken(_)
        | Failure::TimedOut { .. }
        | Failure::Limited { .. }
        | Failure::Status { .. }
            if allowed =>
        {
            MAX_SENDS
        }
        // It is heavy work for Auth0, and will hardly be faster.
        Failure::SlowSearch if allowed => 2,
        Failure::Open { .. }
        | Failure::NoTime
        | Failure::Unreachable(_)
        | Failure::Broken(_)
        | Failure::TimedOut { .. }
        | Failure::Limited { .. }
        | Failure::Status { .. }
        | Failure::SlowSearch
        | Failure::Garbage(_)
        | Failure::Refused(_)
        | Failure::NoToken(_) => 1,
    }
}

/// What a send says about Auth0. Limits and refusals are signs of health.
fn health<T>(outcome: &Result<T, Failure>) -> Health {
    match outcome {
        Ok(_) => Health::Well,
        Err(failure) => match failure {
            Failure::Limited { .. } | Failure::Refused(_) | Failure::SlowSearch => Health::Well,
            Failure::Unreachable(_)
            | Failure::Broken(_)
            | Failure::TimedOut { cut_short: false }
            | Failure::Status { .. }
            | Failure::Garbage(_) => Health::Failing,
            Failure::Open { .. }
            | Failure::NoTime
            | Failure::TimedOut { cut_short: true }
            | Failure::NoToken(_) => Health::Unknown,
        },
    }
}

#[cfg(test)]
mod tests;
