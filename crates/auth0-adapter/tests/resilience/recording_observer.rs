//! What a directory tells of its calls, written down.

use std::sync::Mutex;

use ports::{CircuitState, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest};

/// Keeps what the directory tells of its calls.
#[derive(Debug, Default)]
pub(crate) struct RecordingObserver(Mutex<Vec<Observation>>);

/// Something that the directory has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Observation {
    Request(UpstreamRequest),
    Quota(&'static str, Quota),
    Waiting(&'static str, usize),
    Circuit(&'static str, CircuitState),
}

impl RecordingObserver {
    fn push(&self, observation: Observation) {
        self.0.lock().unwrap().push(observation);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn observations(&self) -> Vec<Observation> {
        self.0.lock().unwrap().clone()
    }

    /// What was sent: its kind, which attempt it was, and what came of it.
    pub(crate) fn requests(&self) -> Vec<(&'static str, u32, RequestOutcome)> {
        let sent = |note| match note {
            Observation::Request(UpstreamRequest { kind, attempt, outcome, .. }) => {
                Some((kind, attempt, outcome))
            }
            Observation::Quota(..) | Observation::Waiting(..) | Observation::Circuit(..) => None,
        };
        self.observations().into_iter().filter_map(sent).collect()
    }
}

impl UpstreamObserver for RecordingObserver {
    fn record_request(&self, sent: UpstreamRequest) {
        self.push(Observation::Request(sent));
    }

    fn record_quota(&self, kind: &'static str, allowance: Quota) {
        self.push(Observation::Quota(kind, allowance));
    }

    fn record_waiting(&self, kind: &'static str, calls: usize) {
        self.push(Observation::Waiting(kind, calls));
    }

    fn record_circuit(&self, kind: &'static str, circuit: CircuitState) {
        self.push(Observation::Circuit(kind, circuit));
    }
}
