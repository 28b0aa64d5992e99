//! Writes lines from a separate thread.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// The number of lines that may wait: a few megabytes.
const MAX_WAITING_LINES: usize = 10_000;

/// Lines that the stream did not accept.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);
/// Counts lines that found too many others waiting.
static OVERFLOWED: OnceLock<ErrorCounter> = OnceLock::new();

/// Keeps the log running. When it is dropped, it writes the lines that wait, for a second at most.
#[derive(Debug)]
pub struct LogGuard {
    guard: Option<WorkerGuard>,
}

/// The time that the end of the process waits for a stream that accepts nothing.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

impl Drop for LogGuard {
    fn drop(&mut self) {
        // The guard waits for its thread and prints an error if that fails, perhaps to the stream that
        // is blocked. So another thread drops it, and the process ends without that thread.
        let (Some(guard), (done, is_done)) = (self.guard.take(), channel()) else { return };
        let dropper = thread::Builder::new().spawn(move || {
            drop(guard);
            let _ = done.send(());
        });
        if dropper.is_ok() {
            let _ = is_done.recv_timeout(SHUTDOWN_TIMEOUT);
        }
    }
}

/// Returns a writer to this stream that never blocks.
pub(super) fn non_blocking(stream: impl Write + Send + 'static) -> (NonBlocking, LogGuard) {
    // A line like any other, behind those that already wait.
    with_report(stream, |lines| tracing::warn!(lines, "lines of the log were lost before this one"))
}

/// As [`non_blocking`]; calls `report` with the number of lost lines once the stream accepts lines
/// again.
fn with_report(
    stream: impl Write + Send + 'static,
    report: impl Fn(u64) + Send + 'static,
) -> (NonBlocking, LogGuard) {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_WAITING_LINES)
        .thread_name("log")
        .finish(CountingStream { stream, report, accepts_lines: true, reported: 0 });
    let _ = OVERFLOWED.set(writer.error_counter());
    (writer, LogGuard { guard: Some(guard) })
}

/// Returns the number of lines lost so far.
pub(crate) fn dropped_lines() -> u64 {
    let overflowed = OVERFLOWED.get().map_or(0, ErrorCounter::dropped_lines);
    UNWRITTEN.load(Ordering::Relaxed).saturating_add(overflowed as u64)
}

/// A stream that counts the lines it could not write.
struct CountingStream<W, R> {
    stream: W,
    report: R,
    /// Whether the last line was written.
    accepts_lines: bool,
    /// The number of lost lines at the last report.
    reported: u64,
}

impl<W: Write, R: Fn(u64)> Write for CountingStream<W, R> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.accepts_lines = self.stream.write_all(line).is_ok();
        if !self.accepts_lines {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    /// Called when no line waits, so that there is room for the report.
    fn flush(&mut self) -> io::Result<()> {
        let _ = self.stream.flush();
        let lost = dropped_lines();
        if self.accepts_lines && lost > self.reported {
            (self.report)(lost - self.reported);
            self.reported = lost;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tracing_subscriber::fmt::layer;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// A disk whose test decides before each line whether it is full, and reads what was written.
    struct Disk {
        is_full: Receiver<bool>,
        written: Sender<String>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.is_full.recv().unwrap() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.send(String::from_utf8(bytes.to_owned()).unwrap()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_lost_on_a_full_disk_are_counted_and_reported() {
        let ((set_full, is_full), (written, lines)) = (channel(), channel());
        let (report, reports) = channel();
        let (writer, guard) =
            with_report(Disk { is_full, written }, move |lost| report.send(lost).unwrap());
        let log = tracing_subscriber::registry().with(layer().with_ansi(false).with_writer(writer));
        tracing::subscriber::with_default(log, || {
            for number in 0..3 {
                tracing::info!(number, "line");
            }
            for is_full in [true, true, false] {
                set_full.send(is_full).unwrap();
            }
            let line = lines.recv().unwrap();
            assert!(line.contains("number=2"), "{line}");
            assert_eq!((dropped_lines(), reports.recv().unwrap()), (2, 2));
        });
        drop(guard);
    }
}
