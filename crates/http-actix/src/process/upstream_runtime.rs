//! The runtime of what goes out.
//!
//! The HTTP server has a runtime for each of its threads, and a thread that has nothing more to do
//! ends while others still finish their requests. Connections to a directory are shared by all of
//! them, and so live on a runtime that outlasts the server.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::TaskTracker;

/// How long the writes may take that are still under way when the server has ended: a call's time,
/// and that of what it leaves behind.
const PATIENCE: Duration = Duration::from_secs(15);

/// A runtime for connections to other services. Keep it until the server has ended, and then let it
/// finish.
#[derive(Debug)]
pub(crate) struct UpstreamRuntime {
    runtime: Runtime,
    writes: TaskTracker,
}

impl UpstreamRuntime {
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("upstream")
            .enable_all()
            .build()?;
        Ok(Self { runtime, writes: TaskTracker::new() })
    }

    /// The runtime itself.
    pub(crate) fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// What knows the writes that must come to their end.
    pub(crate) fn writes(&self) -> &TaskTracker {
        &self.writes
    }

    /// Waits for writes that are under way although nobody waits for their answer any more.
    /// `afterwards` is what must come after the last of them, and before the runtime ends.
    pub(crate) fn finish(self, afterwards: impl FnOnce()) {
        self.finish_within(PATIENCE, afterwards);
    }

    fn finish_within(self, patience: Duration, afterwards: impl FnOnce()) {
        self.writes.close();
        if !self.writes.is_empty() {
            tracing::info!(writes = self.writes.len(), "finishing writes");
        }
        let all = async { tokio::time::timeout(patience, self.writes.wait()).await };
        if self.runtime.block_on(all).is_err() {
            tracing::error!(writes = self.writes.len(), "writes were cut off, half done maybe");
        }
        afterwards();
        self.runtime.shutdown_background();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_for_the_writes_under_way() {
        let upstream = UpstreamRuntime::new().unwrap();
        let (go, gone) = tokio::sync::oneshot::channel();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let write = async move {
            gone.await.unwrap();
            done.send(()).unwrap();
        };
        upstream.writes().spawn_on(write, upstream.runtime());
        let writes = upstream.writes().clone();
        let end = std::thread::spawn(move || upstream.finish(|| {}));
        while !writes.is_closed() {
            std::thread::yield_now();
        }
        assert!(!end.is_finished());
        go.send(()).unwrap();
        end.join().unwrap();
        is_done.blocking_recv().unwrap();
    }

    #[test]
    fn the_end_does_not_wait_for_ever() {
        let upstream = UpstreamRuntime::new().unwrap();
        upstream.writes().spawn_on(std::future::pending::<()>(), upstream.runtime());
        upstream.finish_within(Duration::from_millis(10), || {});
    }
}
