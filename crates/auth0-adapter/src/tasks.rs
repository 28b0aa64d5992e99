//! What the work of a directory runs on.

use std::sync::Arc;

use ports::UpstreamObserver;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Where the work of a directory is done, and who is told of it.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// What everything runs on. It must have its timer and its network enabled.
    pub runtime: Handle,
    /// Knows the writes that are under way, with or without a caller who waits for them. Whoever
    /// ends the runtime closes it and waits for it first, lest a write is cut half-way.
    pub writes: TaskTracker,
    /// Is told of each request to Auth0, by kinds `read`, `search`, `write`, `password_check`,
    /// `token` and `mail`. [`ports::NoopObserver`] where nobody wants to know.
    pub observer: Arc<dyn UpstreamObserver>,
}

impl Tasks {
    /// Starts something that must come to its end.
    pub(crate) fn write<F>(&self, write: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.writes.spawn_on(write, &self.runtime)
    }
}
