//! Sends again what may be sent again, as long as there is time.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use domain::Timestamp;
use ports::Clock;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::breaker::{Breaker, Health};
use crate::client::{Answer, Client, Outgoing};
use crate::config::CircuitConfig;
use crate::directory::Tasks;
use crate::error::{Failure, Garbage};
use crate::gate::{Gate, News};
use crate::headers::{asked_for, retry_after};
use crate::kind::{Kind, OfKind};
use crate::refusal::Refusal;

/// How many sends there are at most: the first and two more.
const MAX_SENDS: u32 = 3;
/// The longest first wait after a failure; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(100);
/// What is added at most to a wait that Auth0 asked for, so that not everybody comes back at once.
const SPREAD: Duration = Duration::from_millis(250);

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

/// Waits, for something that is done without anybody waiting for it.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
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

fn pause_after(failure: &Failure, attempt: u32) -> Duration {
    if let Failure::Status { retry_after: Some(wait), .. } = failure {
        wait.saturating_add(up_to(SPREAD))
    } else {
        up_to(BACKOFF.saturating_mul(2_u32.saturating_pow(attempt - 1)))
    }
}

/// A random duration from zero to this one.
pub(crate) fn up_to(most: Duration) -> Duration {
    let mut bytes = [u8::MAX; 2];
    // Without randomness the longest wait will do.
    let _ = rand::fill(&mut bytes);
    most.mul_f64(f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX))
}

/// The answer, if its status is one of success.
pub(crate) fn success(answer: &Answer, now: Timestamp) -> Result<&Answer, Failure> {
    let status = answer.status;
    if status.is_success() {
        Ok(answer)
    } else if status.as_u16() == 429 {
        Err(Failure::Limited { retry_after: retry_after(&answer.headers, now) })
    } else if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        if is_slow_search(answer) {
            return Err(Failure::SlowSearch);
        }
        // `x-ratelimit-reset` comes with ordinary answers too, and has no say here.
        let retry_after = asked_for(&answer.headers, now);
        Err(Failure::Status { status: status.as_u16(), retry_after })
    } else if status.is_client_error() {
        Err(Refusal::read(status, &answer.body).into())
    } else {
        Err(Garbage::Status(status.as_u16()).into())
    }
}

/// The answer's body, read as JSON.
pub(crate) fn json<T: DeserializeOwned>(answer: &Answer, now: Timestamp) -> Result<T, Failure> {
    let answer = success(answer, now)?;
    Ok(serde_json::from_slice(&answer.body).map_err(Garbage::from)?)
}

/// 503 "The query exceeded the timeout…": searches have about two seconds.
fn is_slow_search(answer: &Answer) -> bool {
    const WORDS: &[u8] = b"query exceeded the timeout";
    answer.status.as_u16() == 503 && answer.body.windows(WORDS.len()).any(|part| part == WORDS)
}

#[cfg(test)]
mod tests;
