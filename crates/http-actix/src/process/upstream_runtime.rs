//! The runtime of work that outlives requests and the server: writes, probes and exports.
//!
//! The HTTP server has one runtime for each thread, and at shutdown an idle thread ends while others
//! still finish their requests. A write must not end with the thread of its caller, so that it runs
//! here. Reads run on the threads of the server, over connections of each thread's own if it sends
//! often: a switch between threads would cost as much CPU time as the read. The connections of
//! writes and of seldom used threads are driven here.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::TaskTracker;

/// The time for writes in flight to finish after the server has ended: enough for one call and its
/// follow-up calls.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// A runtime for work that outlives the server. It ends with
/// [`UpstreamRuntime::finish`].
#[derive(Debug)]
pub(crate) struct UpstreamRuntime {
    runtime: Runtime,
    writes: TaskTracker,
}

impl UpstreamRuntime {
    /// Starts the threads of the runtime.
    ///
    /// # Errors
    /// When the system cannot create a thread.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("upstream")
            .enable_all()
            .build()?;
        Ok(Self { runtime, writes: TaskTracker::new() })
    }

    /// Returns the handle of the runtime.
    pub(crate) fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Returns the tracker of writes that must finish before the process ends.
    pub(crate) fn writes(&self) -> &TaskTracker {
        &self.writes
    }

    /// Waits for writes in flight, including those whose callers are gone, and then ends the
    /// runtime. `after_writes` runs in between.
    pub(crate) fn finish(self, after_writes: impl FnOnce()) {
        self.finish_within(DRAIN_TIMEOUT, after_writes);
    }

    fn finish_within(self, limit: Duration, after_writes: impl FnOnce()) {
        self.writes.close();
        if !self.writes.is_empty() {
            tracing::info!(writes = self.writes.len(), "waiting for writes in flight");
        }
        let drained = async { tokio::time::timeout(limit, self.writes.wait()).await };
        if self.runtime.block_on(drained).is_err() {
            tracing::error!(
                writes = self.writes.len(),
                "shutdown interrupted writes; some may be partial"
            );
        }
        after_writes();
        self.runtime.shutdown_background();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finish_waits_for_writes_in_flight() {
        let upstream = UpstreamRuntime::new().unwrap();
        let (start, started) = tokio::sync::oneshot::channel();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let write = async move {
            started.await.unwrap();
            done.send(()).unwrap();
        };
        upstream.writes().spawn_on(write, upstream.runtime());
        let writes = upstream.writes().clone();
        let finish = std::thread::spawn(move || upstream.finish(|| {}));
        while !writes.is_closed() {
            std::thread::yield_now();
        }
        assert!(!finish.is_finished());
        start.send(()).unwrap();
        finish.join().unwrap();
        is_done.blocking_recv().unwrap();
    }

    #[test]
    fn finish_gives_up_at_the_timeout() {
        let upstream = UpstreamRuntime::new().unwrap();
        upstream.writes().spawn_on(std::future::pending::<()>(), upstream.runtime());
        upstream.finish_within(Duration::from_millis(10), || {});
    }
}
