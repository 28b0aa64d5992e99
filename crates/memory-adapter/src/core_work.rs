//! Work that occupies a core.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use ports::{BoxError, PortError, PortResult};
use tokio::sync::Semaphore;

/// Runs work on blocking threads, and limits how much at a time, so that many requests exhaust
/// neither memory nor the cores.
#[derive(Debug)]
pub(crate) struct CoreWork {
    permits: Arc<Semaphore>,
}

/// One piece of work for each core.
impl Default for CoreWork {
    fn default() -> Self {
        Self::with_limit(cores())
    }
}

impl CoreWork {
    /// Limits the work at a time to this number of pieces.
    pub(crate) fn with_limit(limit: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(limit)) }
    }

    /// Waits for a permit, and runs the work.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> PortResult<T> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(failed)?;
        // The work holds the permit, because it continues even if its caller gives up.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(failed)
    }
}

/// Returns the number of cores.
pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

pub(crate) fn failed(source: impl Into<BoxError>) -> PortError {
    PortError::Failed { source: source.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn concurrent_work_is_limited_by_permits() {
        let core_work = Arc::new(CoreWork::with_limit(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (core_work, running, most) =
                    (Arc::clone(&core_work), Arc::clone(&running), Arc::clone(&most));
                tokio::spawn(async move {
                    core_work
                        .run(move || {
                            most.fetch_max(
                                running.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            std::thread::yield_now();
                            running.fetch_sub(1, Ordering::SeqCst);
                        })
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
    }
}
