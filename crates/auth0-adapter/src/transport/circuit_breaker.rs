//! Leaves an Auth0 that fails alone for a while: each kind of call by itself, since searches can fail
//! where reads do not.
//!
//! Closed, every send goes through. After enough failures in a row, over more than a moment, the
//! circuit opens, and nothing is sent. When its time is over, one send at a time is let through as
//! a trial: the first that succeeds closes the circuit, one that fails opens it for twice as long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{CircuitState, UpstreamObserver};
use tokio::time::Instant;

use crate::config::CircuitConfig;
use crate::transport::call_kind::Kind;

/// The circuit breaker of one kind of call.
#[derive(Debug)]
pub(crate) struct Breaker {
    kind: &'static str,
    config: CircuitConfig,
    watch: Arc<dyn UpstreamObserver>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Counts changes of phase: what began in an earlier phase says nothing about this one.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The failures in a row, and when the first of them was.
    Closed {
        failures: u32,
        since: Option<Instant>,
    },
    Open {
        until: Instant,
        lasting: Duration,
    },
    HalfOpen {
        on_trial: bool,
        lasting: Duration,
    },
}

/// What the send said about Auth0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Auth0 is well, whatever it answered.
    Well,
    /// It failed.
    Failing,
    /// It says nothing.
    Unknown,
}

/// Lets one send through. Dropped without a word it says nothing, so that a caller who goes away
/// does not block the next trial.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    breaker: &'a Breaker,
    epoch: u64,
    health: Health,
}

impl Breaker {
    /// A closed one, which tells the watch of each of its states.
    pub(crate) fn new(kind: Kind, config: CircuitConfig, watch: Arc<dyn UpstreamObserver>) -> Self {
        let kind = kind.as_str();
        watch.record_circuit(kind, CircuitState::Closed);
        let state = Mutex::new(State { phase: Phase::WELL, epoch: 0 });
        Self { kind, config, watch, state }
    }

    /// Lets a send through, or says how long to wait.
    pub(crate) fn admit(&self) -> Result<Permit<'_>, Duration> {
        let mut state = self.lock();
        if let Phase::Open { until, lasting } = state.phase
            && until <= Instant::now()
        {
            self.enter(&mut state, Phase::HalfOpen { on_trial: false, lasting });
        }
        match &mut state.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until, .. } => return Err(*until - Instant::now()),
            // How the trial ends is not known, but soon will be.
            Phase::HalfOpen { on_trial: true, .. } => return Err(self.config.open),
            Phase::HalfOpen { on_trial, .. } => *on_trial = true,
        }
        Ok(Permit { breaker: self, epoch: state.epoch, health: Health::Unknown })
    }

    /// For how long nothing is sent, if the circuit is open.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        match self.lock().phase {
            Phase::Open { until, .. } => {
                Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
            }
            Phase::Closed { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    /// Whether sends go through as usual.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().phase, Phase::Closed { .. })
    }

    fn settle(&self, epoch: u64, health: Health) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        match (&mut state.phase, health) {
            (phase @ Phase::Closed { .. }, Health::Well) => *phase = Phase::WELL,
            (Phase::Closed { failures, since }, Health::Failing) => {
                *failures = failures.saturating_add(1);
                let since = *since.get_or_insert_with(Instant::now);
                if *failures >= self.config.failures && since.elapsed() >= self.config.span {
                    self.open(&mut state, self.config.open);
                }
            }
            (Phase::HalfOpen { .. }, Health::Well) => {
                tracing::info!(kind = self.kind, "Auth0 answers again");
                self.enter(&mut state, Phase::WELL);
            }
            (Phase::HalfOpen { lasting, .. }, Health::Failing) => {
                let longer = lasting.saturating_mul(2).min(self.config.max_open);
                self.open(&mut state, longer);
            }
            (Phase::HalfOpen { on_trial, .. }, Health::Unknown) => *on_trial = false,
            (Phase::Closed { .. }, Health::Unknown) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&self, state: &mut State, lasting: Duration) {
        let (kind, failures) = (self.kind, self.config.failures);
        tracing::warn!(kind, ?lasting, failures, "Auth0 fails and is left alone");
        self.enter(state, Phase::Open { until: Instant::now() + lasting, lasting });
    }

    fn enter(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        state.epoch = state.epoch.wrapping_add(1);
        self.watch.record_circuit(self.kind, phase.circuit());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    /// Nothing has failed.
    const WELL: Self = Self::Closed { failures: 0, since: None };

    fn circuit(self) -> CircuitState {
        match self {
            Self::Closed { .. } => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }
}

impl Permit<'_> {
    /// Says what the send said about Auth0.
    pub(crate) fn settle(mut self, health: Health) {
        self.health = health;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.settle(self.epoch, self.health);
    }
}

#[cfg(test)]
mod tests;
