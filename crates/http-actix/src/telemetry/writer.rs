//! Writes lines without holding anybody up.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines may wait to be written: a few megabytes of them.
const WAITING: usize = 10_000;

/// Lines that could not be written.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);
/// Counts those for which there was no room among the ones that wait.
static CROWDED_OUT: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes what is left when it goes.
#[derive(Debug)]
pub(super) struct Written {
    _guard: WorkerGuard,
}

/// Writes to this stream from a thread of its own.
pub(super) fn of(stream: impl Write + Send + 'static) -> (NonBlocking, Written) {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("log")
        .finish(Counted(stream));
    let _ = CROWDED_OUT.set(writer.error_counter());
    (writer, Written { _guard: guard })
}

/// How many lines of the log are lost.
pub(crate) fn dropped_lines() -> u64 {
    let crowded_out = CROWDED_OUT.get().map_or(0, ErrorCounter::dropped_lines);
    UNWRITTEN.load(Ordering::Relaxed).saturating_add(crowded_out as u64)
}

/// A stream whose failures are counted. Nobody else hears of them: the log is where one would say
/// so.
struct Counted<W>(W);

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.write_all(line).is_err() {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
