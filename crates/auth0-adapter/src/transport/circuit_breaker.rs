//! Circuit breakers: stop calling an Auth0 that fails, for each kind of call separately, since
//! searches can fail while reads succeed.
//!
//! Closed: every attempt is sent. After enough consecutive failures, spread over more than a
//! moment, the circuit opens, and nothing is sent. When the open time has passed, it is half-open:
//! one attempt at a time is sent as a trial. A successful trial closes the circuit, a failed one
//! opens it for twice as long.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use ports::{CircuitState, UpstreamObserver};
use tokio::time::Instant;

use crate::config::CircuitBreakerConfig;
use crate::transport::call_kind::CallKind;

/// The circuit breaker of one kind of call.
#[derive(Debug)]
pub(crate) struct CircuitBreaker {
    kind: &'static str,
    config: CircuitBreakerConfig,
    observer: Arc<dyn UpstreamObserver>,
    state: Mutex<BreakerState>,
}

#[derive(Debug)]
struct BreakerState {
    phase: Phase,
    /// Counts changes of phase: the result of an attempt of an earlier phase is ignored.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The number of consecutive failures, and the time of the first.
    Closed {
        failures: u32,
        since: Option<Instant>,
    },
    Open {
        until: Instant,
        duration: Duration,
    },
    HalfOpen {
        trial_under_way: bool,
        duration: Duration,
    },
}

/// What an attempt shows about the health of Auth0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Auth0 works, whatever it responded.
    Healthy,
    /// Auth0 failed.
    Failing,
    /// The attempt shows nothing.
    Unknown,
}

/// A permit to send one attempt. Dropped without a result it counts as [`Health::Unknown`], so that
/// a cancelled caller does not block the next trial.
#[derive(Debug)]
pub(crate) struct CircuitPermit<'a> {
    breaker: &'a CircuitBreaker,
    epoch: u64,
    health: Health,
}

impl CircuitBreaker {
    /// A closed circuit breaker that reports each of its states to the observer.
    pub(crate) fn new(
        kind: CallKind,
        config: CircuitBreakerConfig,
        observer: Arc<dyn UpstreamObserver>,
    ) -> Self {
        let kind = kind.as_str();
        observer.set_circuit(kind, CircuitState::Closed);
        let state = Mutex::new(BreakerState { phase: Phase::CLOSED, epoch: 0 });
        Self { kind, config, observer, state }
    }

    /// Returns a permit, or how long to wait for one.
    pub(crate) fn admit(&self) -> Result<CircuitPermit<'_>, Duration> {
        let mut state = self.lock();
        if let Phase::Open { until, duration } = state.phase
            && until <= Instant::now()
        {
            self.enter(&mut state, Phase::HalfOpen { trial_under_way: false, duration });
        }
        match &mut state.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until, .. } => return Err(*until - Instant::now()),
            // The trial under way ends soon, with an unknown result.
            Phase::HalfOpen { trial_under_way: true, .. } => return Err(self.config.open_duration),
            Phase::HalfOpen { trial_under_way, .. } => *trial_under_way = true,
        }
        Ok(CircuitPermit { breaker: self, epoch: state.epoch, health: Health::Unknown })
    }

    /// Returns for how long nothing is sent, if the circuit is open.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        match self.lock().phase {
            Phase::Open { until, .. } => {
                Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
            }
            Phase::Closed { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    /// Returns whether the circuit is closed.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().phase, Phase::Closed { .. })
    }

    fn settle(&self, epoch: u64, health: Health) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        match (&mut state.phase, health) {
            (phase @ Phase::Closed { .. }, Health::Healthy) => *phase = Phase::CLOSED,
            (Phase::Closed { failures, since }, Health::Failing) => {
                *failures = failures.saturating_add(1);
                let since = *since.get_or_insert_with(Instant::now);
                if *failures >= self.config.failure_threshold
                    && since.elapsed() >= self.config.min_failure_span
                {
                    self.open(&mut state, self.config.open_duration);
                }
            }
            (Phase::HalfOpen { .. }, Health::Healthy) => {
                tracing::info!(kind = self.kind, "circuit breaker closed for Auth0");
                self.enter(&mut state, Phase::CLOSED);
            }
            (Phase::HalfOpen { duration, .. }, Health::Failing) => {
                let longer = duration.saturating_mul(2).min(self.config.max_open_duration);
                self.open(&mut state, longer);
            }
            (Phase::HalfOpen { trial_under_way, .. }, Health::Unknown) => *trial_under_way = false,
            (Phase::Closed { .. }, Health::Unknown) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&self, state: &mut BreakerState, duration: Duration) {
        let (kind, failures) = (self.kind, self.config.failure_threshold);
        tracing::warn!(kind, lasting = ?duration, failures, "circuit breaker opened for Auth0");
        self.enter(state, Phase::Open { until: Instant::now() + duration, duration });
    }

    fn enter(&self, state: &mut BreakerState, phase: Phase) {
        state.phase = phase;
        state.epoch = state.epoch.wrapping_add(1);
        self.observer.set_circuit(self.kind, phase.circuit());
    }

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock()
    }
}

impl Phase {
    /// No failure so far.
    const CLOSED: Self = Self::Closed { failures: 0, since: None };

    fn circuit(self) -> CircuitState {
        match self {
            Self::Closed { .. } => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }
}

impl CircuitPermit<'_> {
    /// Reports what the attempt showed.
    pub(crate) fn settle(mut self, health: Health) {
        self.health = health;
    }
}

impl Drop for CircuitPermit<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self.epoch, self.health);
    }
}

#[cfg(test)]
mod tests;
