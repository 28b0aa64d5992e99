//! What a directory tells of its calls, written down.

use std::sync::Mutex;

use ports::{CircuitState, Quota, RequestOutcome, UpstreamObserver, UpstreamRequest};

/// Keeps what the directory tells of its calls.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<Vec<Note>>);

/// Something that the directory has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    UpstreamRequest(UpstreamRequest),
    Quota(&'static str, Quota),
    Waiting(&'static str, usize),
    CircuitState(&'static str, CircuitState),
}

impl Book {
    fn note(&self, note: Note) {
        self.0.lock().unwrap().push(note);
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        self.0.lock().unwrap().clone()
    }

    /// What was sent: its kind, which attempt it was, and what came of it.
    pub(crate) fn sent(&self) -> Vec<(&'static str, u32, RequestOutcome)> {
        let sent = |note| match note {
            Note::UpstreamRequest(UpstreamRequest { kind, attempt, outcome, .. }) => {
                Some((kind, attempt, outcome))
            }
            Note::Quota(..) | Note::Waiting(..) | Note::CircuitState(..) => None,
        };
        self.notes().into_iter().filter_map(sent).collect()
    }
}

impl UpstreamObserver for Book {
    fn record_request(&self, sent: UpstreamRequest) {
        self.note(Note::UpstreamRequest(sent));
    }

    fn record_quota(&self, kind: &'static str, allowance: Quota) {
        self.note(Note::Quota(kind, allowance));
    }

    fn set_waiting(&self, kind: &'static str, calls: usize) {
        self.note(Note::Waiting(kind, calls));
    }

    fn set_circuit(&self, kind: &'static str, circuit: CircuitState) {
        self.note(Note::CircuitState(kind, circuit));
    }
}
