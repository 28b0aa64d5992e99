//! The bounded queue between the threads that log and the thread that writes.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The number of lines that may wait.
const MAX_WAITING_LINES: usize = 10_000;
/// The number of bytes that may wait: several times what so many lines usually have.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// The size of a batch that is written at once.
const FULL_BATCH: usize = 64 * 1024;
/// How long a line waits for others, so that a busy service writes once for many requests.
const LINGER: Duration = Duration::from_millis(10);

/// Lines that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the thread that writes.
    has_work: Condvar,
    /// Wakes the threads that wait for it.
    has_written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The waiting lines, one after the other.
    bytes: Vec<u8>,
    lines: usize,
    /// What the thread that writes waits for.
    writer: Writer,
    /// Whether somebody waits for the lines to be written.
    is_urgent: bool,
    is_closed: bool,
    /// The number of batches taken and written so far.
    taken: u64,
    written: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// For nothing: it writes.
    #[default]
    Busy,
    /// For a line.
    Idle,
    /// For a full batch, a flush, or the end of the linger time.
    Lingering,
    /// The thread has ended.
    Ended,
}

impl Queue {
    /// Appends a line; returns false, and does not take it, if too much waits or the log has ended.
    pub(super) fn push(&self, line: &[u8]) -> bool {
        let mut state = self.state.lock();
        let has_room = state.lines < MAX_WAITING_LINES
            && state.bytes.len().saturating_add(line.len()) <= MAX_WAITING_BYTES;
        if !has_room || state.writer == Writer::Ended {
            return false;
        }
        state.bytes.extend_from_slice(line);
        state.lines += 1;
        let wakes = match state.writer {
            Writer::Idle => true,
            Writer::Lingering => state.bytes.len() >= FULL_BATCH,
            Writer::Busy | Writer::Ended => false,
        };
        if wakes {
            // The next lines need not wake it again.
            state.writer = Writer::Busy;
            drop(state);
            self.has_work.notify_one();
        }
        true
    }

    /// Waits for lines and swaps them with the empty batch; returns false when the log has ended and
    /// all lines are taken.
    pub(super) fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.state.lock();
        state.written = state.taken;
        self.has_written.notify_all();
        while state.lines == 0 {
            if state.is_closed {
                state.writer = Writer::Ended;
                self.has_written.notify_all();
                return false;
            }
            state.writer = Writer::Idle;
            self.has_work.wait(&mut state);
        }
        if state.is_in_no_hurry() {
            state.writer = Writer::Lingering;
            self.has_work.wait_while_for(&mut state, |state| state.is_in_no_hurry(), LINGER);
        }
        state.writer = Writer::Busy;
        state.is_urgent = false;
        state.lines = 0;
        state.taken += 1;
        std::mem::swap(&mut state.bytes, batch);
        true
    }

    /// Waits until the lines pushed so far are written, but not longer than this.
    pub(super) fn flush(&self, timeout: Duration) {
        let mut state = self.state.lock();
        let target = state.taken + u64::from(state.lines > 0);
        state.is_urgent = state.lines > 0;
        self.has_work.notify_one();
        self.has_written.wait_while_for(&mut state, |state| state.written < target, timeout);
    }

    /// Ends the log: waits until all lines are written, but not longer than this. Later lines are
    /// refused.
    pub(super) fn close(&self, timeout: Duration) {
        let mut state = self.state.lock();
        state.is_closed = true;
        self.has_work.notify_one();
        self.has_written.wait_while_for(&mut state, |state| state.writer != Writer::Ended, timeout);
    }
}

impl State {
    fn is_in_no_hurry(&self) -> bool {
        !self.is_urgent && !self.is_closed && self.bytes.len() < FULL_BATCH
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Takes one batch, as lines.
    fn take(queue: &Queue) -> Option<Vec<u8>> {
        let mut batch = Vec::new();
        queue.take(&mut batch).then_some(batch)
    }

    #[test]
    fn waiting_lines_are_one_batch_in_their_order() {
        let queue = Queue::default();
        for line in ["a\n", "b\n", "c\n"] {
            assert!(queue.push(line.as_bytes()));
        }
        assert_eq!(take(&queue).unwrap(), b"a\nb\nc\n");
    }

    #[test]
    fn full_queue_refuses_lines_until_a_batch_is_taken() {
        let queue = Queue::default();
        let accepted = (0..MAX_WAITING_LINES + 5).filter(|_| queue.push(b"\n")).count();
        assert_eq!(accepted, MAX_WAITING_LINES);
        assert_eq!(take(&queue).unwrap().len(), MAX_WAITING_LINES);
        assert!(queue.push(&vec![b'a'; MAX_WAITING_BYTES]));
        assert!(!queue.push(b"\n"));
    }

    #[test]
    fn lines_are_refused_after_the_end_only() {
        let queue = Queue::default();
        queue.close(Duration::ZERO);
        assert!(queue.push(b"a\n"));
        assert_eq!(take(&queue).unwrap(), b"a\n");
        assert_eq!(take(&queue), None);
        assert!(!queue.push(b"b\n"));
    }

    #[test]
    fn flush_and_close_wait_for_the_writer() {
        let queue = Arc::new(Queue::default());
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let (queue, written) = (Arc::clone(&queue), Arc::clone(&written));
            thread::spawn(move || {
                let mut batch = Vec::new();
                while queue.take(&mut batch) {
                    written.lock().append(&mut batch);
                }
            })
        };
        for _ in 0..3 {
            queue.push(b"a");
            queue.push(b"b");
            queue.flush(PATIENCE);
            assert_eq!(std::mem::take(&mut *written.lock()), b"ab");
        }
        queue.flush(PATIENCE);
        queue.push(b"c");
        queue.close(PATIENCE);
        assert_eq!(*written.lock(), b"c");
        writer.join().unwrap();
    }

    #[test]
    fn flush_and_close_give_up_after_their_timeout() {
        let queue = Queue::default();
        queue.push(b"a");
        queue.flush(Duration::from_millis(1));
        queue.close(Duration::from_millis(1));
    }
}
