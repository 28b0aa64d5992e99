//! Writes lines without holding anybody up.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines may wait to be written: a few megabytes of them.
const WAITING: usize = 10_000;

/// Lines that could not be written.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);
/// Counts those for which there was no room among the ones that wait.
static CROWDED_OUT: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes what is left when it goes, if that can be done before long.
#[derive(Debug)]
pub(crate) struct Written {
    guard: Option<WorkerGuard>,
}

/// How long the end of the process waits for a log that is not taken.
const PATIENCE: Duration = Duration::from_secs(1);

impl Drop for Written {
    fn drop(&mut self) {
        // The guard waits for its thread, and prints where that is in vain: to a stream that may be
        // the very one that nobody reads. So it does so aside, and the process ends without it.
        let (Some(guard), (done, is_done)) = (self.guard.take(), channel()) else { return };
        let aside = thread::Builder::new().spawn(move || {
            drop(guard);
            let _ = done.send(());
        });
        if aside.is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }
}

/// Writes to this stream from a thread of its own.
pub(super) fn of(stream: impl Write + Send + 'static) -> (NonBlocking, Written) {
    // It is a line like any other, and comes after those that wait already.
    telling(stream, |lines| tracing::warn!(lines, "lines of the log were lost before this one"))
}

/// As [`of`]; `tell` is told how many lines were lost, when lines can be written again.
fn telling(
    stream: impl Write + Send + 'static,
    tell: impl Fn(u64) + Send + 'static,
) -> (NonBlocking, Written) {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING)
        .thread_name("log")
        .finish(Counted { stream, tell, takes_lines: true, told: 0 });
    let _ = CROWDED_OUT.set(writer.error_counter());
    (writer, Written { guard: Some(guard) })
}

/// How many lines of the log are lost.
pub(crate) fn dropped_lines() -> u64 {
    let crowded_out = CROWDED_OUT.get().map_or(0, ErrorCounter::dropped_lines);
    UNWRITTEN.load(Ordering::Relaxed).saturating_add(crowded_out as u64)
}

/// A stream whose failures are counted, and told of as soon as it takes lines again.
struct Counted<W, T> {
    stream: W,
    tell: T,
    /// Whether it took the last one.
    takes_lines: bool,
    /// How many lines were lost when that was told last.
    told: u64,
}

impl<W: Write, T: Fn(u64)> Write for Counted<W, T> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.takes_lines = self.stream.write_all(line).is_ok();
        if !self.takes_lines {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    /// No line waits any more, so that there is room for one that tells of those that are lost.
    fn flush(&mut self) -> io::Result<()> {
        let _ = self.stream.flush();
        let lost = dropped_lines();
        if self.takes_lines && lost > self.told {
            (self.tell)(lost - self.told);
            self.told = lost;
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

    /// A disk that is full until told otherwise, and shows what has been written.
    struct Disk {
        full: Receiver<bool>,
        written: Sender<String>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.full.recv().unwrap() {
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
    fn a_full_disk_costs_lines_which_are_counted_and_told_of() {
        let ((tell, full), (written, shown)) = (channel(), channel());
        let (tells, told) = channel();
        let (writer, written) =
            telling(Disk { full, written }, move |lines| tells.send(lines).unwrap());
        let log = tracing_subscriber::registry().with(layer().with_ansi(false).with_writer(writer));
        tracing::subscriber::with_default(log, || {
            for number in 0..3 {
                tracing::info!(number, "line");
            }
            for full in [true, true, false] {
                tell.send(full).unwrap();
            }
            let line = shown.recv().unwrap();
            assert!(line.contains("number=2"), "{line}");
            assert_eq!((dropped_lines(), told.recv().unwrap()), (2, 2));
        });
        drop(written);
    }
}
