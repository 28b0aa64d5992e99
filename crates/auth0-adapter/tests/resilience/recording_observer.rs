//! An observer that records what it observes.

use std::sync::Mutex;
use std::time::Duration;

use ports::{CircuitState, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest};
use tokio::sync::Notify;
use tokio::time::timeout;

/// Records all observations.
#[derive(Debug, Default)]
pub(crate) struct RecordingObserver {
    observations: Mutex<Vec<Observation>>,
    recorded: Notify,
}

/// One observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observation {
    Request(UpstreamRequest),
    Quota(&'static str, Quota),
    Waiting(&'static str, usize),
    Circuit(&'static str, CircuitState),
}

impl RecordingObserver {
    fn push(&self, observation: Observation) {
        self.observations.lock().unwrap().push(observation);
        self.recorded.notify_waiters();
    }

    pub(crate) fn clear(&self) {
        self.observations.lock().unwrap().clear();
    }

    pub(crate) fn observations(&self) -> Vec<Observation> {
        self.observations.lock().unwrap().clone()
    }

    /// Waits until the condition holds, for longer than that takes on a busy machine.
    pub(crate) async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                // Created before the check, so that no observation in between is missed.
                let next = self.recorded.notified();
                if condition(self) {
                    return;
                }
                next.await;
            }
        };
        timeout(Duration::from_mins(1), waiting).await.expect("the condition does not hold");
    }

    /// The requests: kind, attempt and outcome.
    pub(crate) fn requests(&self) -> Vec<(&'static str, u32, RequestOutcome)> {
        let request = |observation| match observation {
            Observation::Request(UpstreamRequest { kind, attempt, outcome, .. }) => {
                Some((kind, attempt, outcome))
            }
            Observation::Quota(..) | Observation::Waiting(..) | Observation::Circuit(..) => None,
        };
        self.observations().into_iter().filter_map(request).collect()
    }
}

impl UpstreamObserver for RecordingObserver {
    fn record_request(&self, request: UpstreamRequest) {
        self.push(Observation::Request(request));
    }

    fn record_quota(&self, kind: &'static str, quota: Quota) {
        self.push(Observation::Quota(kind, quota));
    }

    fn set_waiting(&self, kind: &'static str, calls: usize) {
        self.push(Observation::Waiting(kind, calls));
    }

    fn set_circuit(&self, kind: &'static str, circuit: CircuitState) {
        self.push(Observation::Circuit(kind, circuit));
    }
}
