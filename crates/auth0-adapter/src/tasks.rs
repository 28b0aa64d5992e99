//! What the tasks of a directory run on.

use std::sync::Arc;

use ports::UpstreamObserver;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// The runtime of a directory's tasks, and their observer.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// The runtime of all tasks. Its timer and network must be enabled.
    pub runtime: Handle,
    /// Tracks writes in flight, with or without a waiting caller. Before the runtime ends, close
    /// the tracker and wait for it, or a write may be interrupted half-way.
    pub writes: TaskTracker,
    /// Observes each request to Auth0, by kind: `read`, `search`, `write`, `password_check`,
    /// `token` or `mail`. [`ports::NoopObserver`] ignores them.
    pub observer: Arc<dyn UpstreamObserver>,
}

impl Tasks {
    /// Spawns a task that must run to completion.
    pub(crate) fn write<F>(&self, write: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.writes.spawn_on(write, &self.runtime)
    }
}
