//! Writes lines from a separate thread, many at once.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::queue::Queue;

/// Lines that were lost: the stream did not accept them, or too many others waited.
static LOST: AtomicU64 = AtomicU64::new(0);

/// The time that the end of the process waits for a stream that accepts nothing.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest batch whose memory is kept for the next.
const MAX_KEPT_CAPACITY: usize = 256 * 1024;

/// Returns the number of lines lost so far.
pub(crate) fn dropped_lines() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Keeps the log running. When it is dropped, it writes the lines that wait, for a second at most.
#[derive(Debug)]
pub struct LogGuard(LogWriter);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.queue.close(SHUTDOWN_TIMEOUT);
    }
}

/// Passes lines to the thread that writes them. It never blocks: lines for which there is no room
/// are lost and counted.
#[derive(Debug, Clone)]
pub(super) struct LogWriter {
    queue: Arc<Queue>,
}

impl LogWriter {
    /// Writes one line, with its line break.
    pub(super) fn write_line(&self, line: &[u8]) {
        if !self.queue.push(line) {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the lines so far are written, but not longer than this.
    pub(super) fn flush(&self, timeout: Duration) {
        self.queue.flush(timeout);
    }
}

impl Write for &LogWriter {
    /// The formatter writes whole lines.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for LogWriter {
    type Writer = &'w Self;

    fn make_writer(&'w self) -> &'w Self {
        self
    }
}

/// Returns a writer to this stream that never blocks.
pub(super) fn non_blocking(stream: impl Write + Send + 'static) -> (LogWriter, LogGuard) {
    // A line like any other, behind those that already wait.
    with_report(stream, |lines| tracing::warn!(lines, "lines of the log were lost before this one"))
}

/// As [`non_blocking`]; calls `report` with the number of lost lines once the stream accepts lines
/// again.
fn with_report(
    stream: impl Write + Send + 'static,
    report: impl Fn(u64) + Send + 'static,
) -> (LogWriter, LogGuard) {
    let writer = LogWriter { queue: Arc::default() };
    let queue = Arc::clone(&writer.queue);
    let thread = move || {
        let mut stream = CountingStream::new(stream);
        let (mut batch, mut reported) = (Vec::new(), 0);
        while queue.take(&mut batch) {
            let accepts_lines = stream.write_batch(&batch);
            LOST.fetch_add(std::mem::take(&mut stream.lost), Ordering::Relaxed);
            batch.clear();
            batch.shrink_to(MAX_KEPT_CAPACITY);
            let lost = dropped_lines();
            if accepts_lines && lost > reported {
                report(lost - reported);
                reported = lost;
            }
        }
    };
    // Without the thread, lines are lost once the queue is full.
    let _ = thread::Builder::new().name("log".to_owned()).spawn(thread);
    (writer.clone(), LogGuard(writer))
}

/// A stream that counts the lines it could not write.
struct CountingStream<W> {
    stream: W,
    lost: u64,
    /// Whether the stream ends in the beginning of a line whose rest was lost.
    ends_in_lost_line: bool,
}

impl<W: Write> CountingStream<W> {
    fn new(stream: W) -> Self {
        Self { stream, lost: 0, ends_in_lost_line: false }
    }

    /// Writes lines; returns whether the last one was written. A line that fails is lost, and the
    /// next is tried.
    fn write_batch(&mut self, mut rest: &[u8]) -> bool {
        let (mut is_written, mut is_within_line) = (true, false);
        while !rest.is_empty() {
            if self.ends_in_lost_line && self.stream.write_all(b"\n").is_ok() {
                self.ends_in_lost_line = false;
            }
            match self.stream.write(rest) {
                Ok(written) if written > 0 => {
                    let (done, unwritten) = rest.split_at(written.min(rest.len()));
                    is_within_line = done.last() != Some(&b'\n');
                    (rest, is_written) = (unwritten, true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    self.lost += 1;
                    self.ends_in_lost_line |= is_within_line;
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    rest = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
                    (is_written, is_within_line) = (false, false);
                }
            }
        }
        let _ = self.stream.flush();
        is_written
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
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

    /// A device that accepts so many bytes at its next writes, or fails, and then accepts all.
    #[derive(Default)]
    struct Device {
        next: VecDeque<Option<usize>>,
        written: Vec<u8>,
    }

    impl Write for Device {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let Some(accepted) = self.next.pop_front().unwrap_or(Some(bytes.len())) else {
                return Err(io::ErrorKind::StorageFull.into());
            };
            let accepted = accepted.min(bytes.len());
            self.written.extend_from_slice(&bytes[..accepted]);
            Ok(accepted)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn failed_write_loses_one_line_and_keeps_the_others_apart() {
        for (next, expected, lost) in [
            (vec![], "aaa\nbbb\nccc\n", 0),
            (vec![Some(2), Some(1), Some(3)], "aaa\nbbb\nccc\n", 0),
            (vec![None], "bbb\nccc\n", 1),
            (vec![Some(0), None], "ccc\n", 2),
            (vec![Some(4), None], "aaa\nccc\n", 1),
            // Within the first line, and within the second.
            (vec![Some(2), None], "aa\nbbb\nccc\n", 1),
            (vec![Some(6), None, Some(1), None], "aaa\nbb\n", 2),
        ] {
            let device = Device { next: next.clone().into(), ..Device::default() };
            let mut stream = CountingStream::new(device);
            stream.write_batch(b"aaa\nbbb\nccc\n");
            let written = String::from_utf8(stream.stream.written).unwrap();
            assert_eq!((written.as_str(), stream.lost), (expected, lost), "{next:?}");
        }
    }

    #[test]
    fn lost_rest_of_a_line_is_kept_apart_from_the_next_batch() {
        let device = Device { next: vec![Some(2), None].into(), ..Device::default() };
        let mut stream = CountingStream::new(device);
        assert!(!stream.write_batch(b"aaa\n"));
        assert!(stream.write_batch(b"bbb\n"));
        assert_eq!(stream.stream.written, b"aa\nbbb\n");
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
            // Reported after it is counted, but the line is written before.
            let reported = reports.recv().unwrap();
            assert_eq!((dropped_lines(), reported), (2, 2));
        });
        drop(guard);
    }
}
