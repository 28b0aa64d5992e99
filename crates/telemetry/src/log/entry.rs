//! Log entries that are written without `tracing`, because there is one for every request.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::callsite::Identifier;
use tracing::field::FieldSet;
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Callsite, Level, Metadata};

use super::callsites::Demand;
use super::form::{EntryFields, Form};
use super::writer::LogWriter;

/// A kind of log entry. Its entries look like those of `tracing` with the same target, message and
/// fields, and the filter of the log applies to them in the same way. Spans do not show in them.
///
/// ```
/// static REQUESTS: telemetry::EntryKind =
///     telemetry::EntryKind::new("example::requests", "request", &["id", "status"]);
/// // The settings of the log name `&REQUESTS`, and then:
/// REQUESTS.write(tracing::Level::INFO, |fields| {
///     fields.text("id", "abc");
///     fields.number("status", 200);
/// });
/// ```
#[derive(Debug)]
pub struct EntryKind {
    target: &'static str,
    message: &'static str,
    fields: &'static [&'static str],
    /// The levels at which entries are logged, as bits.
    levels: AtomicU8,
    metadata: OnceLock<[Metadata<'static>; LEVELS.len()]>,
}

const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

/// Where entries go. It is that of the process.
static OUTPUT: OnceLock<Output> = OnceLock::new();

#[derive(Debug)]
struct Output {
    writer: LogWriter,
    form: Form,
    demand: Arc<Demand>,
}

thread_local! {
    /// The memory of the thread's last entry.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The largest memory that a thread keeps; most entries have less than half a kilobyte.
const MAX_KEPT_CAPACITY: usize = 4096;

impl EntryKind {
    /// Returns a kind whose entries have this target and message, and some of these fields.
    pub const fn new(
        target: &'static str,
        message: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        Self { target, message, fields, levels: AtomicU8::new(0), metadata: OnceLock::new() }
    }

    /// Writes an entry if the filter of the log selects it. The fields appear in the order of the
    /// calls.
    pub fn write(&self, level: Level, fields: impl FnOnce(&mut EntryFields<'_>)) {
        if !self.is_written_at(level) {
            return;
        }
        let Some(output) = OUTPUT.get() else { return };
        // It is empty while the value of a field writes an entry itself, and where the thread ends.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        output.form.push_entry(&mut buffer, level, self.target, self.message, fields);
        output.writer.write_line(&buffer);
        buffer.clear();
        buffer.shrink_to(MAX_KEPT_CAPACITY);
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }

    pub(super) fn is_written_at(&self, level: Level) -> bool {
        self.levels.load(Ordering::Relaxed) & bit(level) != 0
    }

    /// Sets the levels at which entries are logged to those that the filter selects.
    pub(super) fn select(&'static self, is_selected: impl Fn(&'static Metadata<'static>) -> bool) {
        let metadata = self.metadata.get_or_init(|| LEVELS.map(|level| self.metadata(level)));
        let selected = metadata.iter().filter(|metadata| is_selected(metadata));
        let levels = selected.fold(0, |levels, metadata| levels | bit(*metadata.level()));
        self.levels.store(levels, Ordering::Relaxed);
    }

    fn metadata(&'static self, level: Level) -> Metadata<'static> {
        let fields = FieldSet::new(self.fields, Identifier(&CALLSITE));
        Metadata::new("event", self.target, level, None, None, None, fields, Kind::EVENT)
    }
}

/// Identifies the metadata that filters see. It is not registered anywhere.
#[derive(Debug)]
struct EntryCallsite;

static CALLSITE: EntryCallsite = EntryCallsite;

static CALLSITE_METADATA: Metadata<'static> = Metadata::new(
    "entry",
    "telemetry",
    Level::INFO,
    None,
    None,
    None,
    FieldSet::new(&[], Identifier(&CALLSITE)),
    Kind::EVENT,
);

impl Callsite for EntryCallsite {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &CALLSITE_METADATA
    }
}

/// Sends all entries to this writer, in this form; returns false if the process has a log already.
pub(super) fn start(writer: LogWriter, form: Form, demand: Arc<Demand>) -> bool {
    OUTPUT.set(Output { writer, form, demand }).is_ok()
}

/// Whether the log of the process shows spans, or filters by them.
pub fn spans_are_logged() -> bool {
    OUTPUT.get().is_some_and(|output| output.demand.logs_spans())
}

/// Waits until everything logged so far is written, but not longer than this.
pub(super) fn flush(timeout: Duration) {
    if let Some(output) = OUTPUT.get() {
        output.writer.flush(timeout);
    }
}

fn bit(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 1 << 1,
        Level::INFO => 1 << 2,
        Level::DEBUG => 1 << 3,
        Level::TRACE => 1 << 4,
    }
}
