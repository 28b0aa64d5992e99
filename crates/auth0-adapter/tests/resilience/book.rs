//! What a directory tells of its calls, written down.

use std::sync::Mutex;

use ports::{Allowance, Circuit, Sent, SentOutcome, UpstreamWatch};

/// Keeps what the directory tells of its calls.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<Vec<Note>>);

/// Something that the directory has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    Sent(Sent),
    Allowance(&'static str, Allowance),
    Waiting(&'static str, usize),
    Circuit(&'static str, Circuit),
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
    pub(crate) fn sent(&self) -> Vec<(&'static str, u32, SentOutcome)> {
        let sent = |note| match note {
            Note::Sent(Sent { kind, attempt, outcome, .. }) => Some((kind, attempt, outcome)),
            Note::Allowance(..) | Note::Waiting(..) | Note::Circuit(..) => None,
        };
        self.notes().into_iter().filter_map(sent).collect()
    }
}

impl UpstreamWatch for Book {
    fn sent(&self, sent: Sent) {
        self.note(Note::Sent(sent));
    }

    fn allowance(&self, kind: &'static str, allowance: Allowance) {
        self.note(Note::Allowance(kind, allowance));
    }

    fn waiting(&self, kind: &'static str, calls: usize) {
        self.note(Note::Waiting(kind, calls));
    }

    fn circuit(&self, kind: &'static str, circuit: Circuit) {
        self.note(Note::Circuit(kind, circuit));
    }
}
