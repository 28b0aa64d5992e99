//! The threads that compute password hashes, and the memory that a hash needs.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, Scope, ScopedJoinHandle, available_parallelism};

use argon2::{Block, Params};
use parking_lot::Mutex;
use ports::{BoxError, PortResult};
use tokio::sync::oneshot;

use crate::failed::failed;

/// The number of blocks that a hash needs; each has 1 KiB.
const BLOCKS: usize = Params::DEFAULT_M_COST as usize;

/// The memory of a hash, and room for the calls that compute it.
const STACK_BYTES: usize = (BLOCKS + 1024) * Block::SIZE;

/// The greatest number of hashes at a time, however many cores there are, so that all of them need
/// less than 80 MiB.
const MAX_THREADS: usize = 4;

/// The memory of one hash. Nothing need be cleared between two hashes.
pub type Blocks = [Block];

type Job = Box<dyn FnOnce(&mut Blocks) + Send>;

/// Runs work that needs the memory of a hash: at most one at a time for each core, and at most
/// [`MAX_THREADS`].
///
/// Waiting work takes over thread and memory of the work before it. A thread ends as soon as nothing
/// waits, and its memory goes back to the operating system.
pub(crate) struct HashPool(Arc<Shared>);

struct Shared {
    max_threads: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// The threads that run; each has the memory of one hash.
    threads: usize,
}

impl Default for HashPool {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self::with_threads(cores.min(MAX_THREADS))
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool").field("max_threads", &self.0.max_threads).finish_non_exhaustive()
    }
}

impl HashPool {
    fn with_threads(max_threads: usize) -> Self {
        Self(Arc::new(Shared { max_threads, state: Mutex::default() }))
    }

    /// Waits for a thread, and runs the work there. Work whose caller gives up before that is not
    /// run; work that has begun is completed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Blocks) -> T + Send + 'static,
    ) -> PortResult<T> {
        let (sender, result) = oneshot::channel();
        let job = Box::new(move |blocks: &mut Blocks| {
            if !sender.is_closed() {
                // The caller may have given up meanwhile.
                let _ = sender.send(work(blocks));
            }
        });
        self.submit(job).map_err(failed)?;
        result.await.map_err(failed)
    }

    fn submit(&self, job: Job) -> Result<(), BoxError> {
        {
            let mut state = self.0.state.lock();
            state.waiting.push_back(job);
            if state.threads >= self.0.max_threads {
                return Ok(());
            }
            state.threads += 1;
        }
        let shared = Arc::clone(&self.0);
        let spawned = builder().spawn(move || with_blocks(|blocks| shared.work(blocks)));
        if let Err(error) = spawned {
            let mut state = self.0.state.lock();
            state.threads -= 1;
            if state.threads == 0 {
                // Nobody would run these. Dropped, they tell their callers.
                state.waiting.clear();
                return Err(error.into());
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Runs jobs until none waits.
    fn work(&self, blocks: &mut Blocks) {
        while let Some(job) = self.next() {
            // A job that panics drops its sender, which its caller notices.
            let _ = catch_unwind(AssertUnwindSafe(|| job(blocks)));
        }
    }

    /// Returns the next job. Without one, the calling thread must end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        let job = state.waiting.pop_front();
        if job.is_none() {
            state.threads -= 1;
        }
        job
    }
}

/// Spawns a thread that has the memory of a hash and ends with the scope.
///
/// # Errors
/// When the operating system does not start a thread.
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce(&mut Blocks) -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    builder().spawn_scoped(scope, move || with_blocks(work))
}

fn builder() -> Builder {
    Builder::new().name("password-hash".to_owned()).stack_size(STACK_BYTES)
}

/// Runs the work with the memory of a hash, on a thread of [`builder`].
///
/// The memory is on the thread's stack, which is unmapped or discarded when the thread ends.
/// Allocators keep freed memory: glibc kept the memory of a hash for each thread that had computed
/// one.
#[expect(clippy::large_stack_arrays, reason = "the stack has this size")]
fn with_blocks<T>(work: impl FnOnce(&mut Blocks) -> T) -> T {
    work(&mut [const { Block::new() }; BLOCKS])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use futures_util::future::{FutureExt as _, join_all};

    use super::*;

    impl HashPool {
        /// Waits until every thread has ended, and with it its memory.
        fn wait_until_idle(&self) {
            while self.0.state.lock().threads > 0 {
                thread::yield_now();
            }
        }

        fn thread_count(&self) -> usize {
            self.0.state.lock().threads
        }
    }

    /// Occupies a thread of the pool until the sender is used or dropped.
    fn occupy(pool: &HashPool) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel();
        let job = move |_: &mut Blocks| {
            let _ = released.recv();
        };
        pool.submit(Box::new(job)).unwrap();
        release
    }

    #[tokio::test]
    async fn threads_are_limited_and_end_when_idle() {
        let pool = HashPool::with_threads(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let results = join_all((0..16).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            pool.run(move |blocks| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                blocks.len()
            })
        }));
        for result in results.await {
            assert_eq!(result.unwrap(), BLOCKS);
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        pool.wait_until_idle();
    }

    #[tokio::test]
    async fn waiting_work_reuses_memory() {
        let pool = HashPool::with_threads(2);
        let releases = [occupy(&pool), occupy(&pool)];
        let work = (0..16).map(|_| pool.run(|_| thread::current().id()));
        let threads = async {
            let threads: Vec<_> = join_all(work).await;
            threads.into_iter().map(Result::unwrap).collect::<HashSet<ThreadId>>()
        };
        let release = async {
            assert_eq!(pool.thread_count(), 2);
            drop(releases);
        };
        let (threads, ()) = tokio::join!(threads, release);
        assert!(threads.len() <= 2, "{threads:?}");
        pool.wait_until_idle();
    }

    #[tokio::test]
    async fn abandoned_work_is_not_run() {
        let pool = HashPool::with_threads(1);
        let release = occupy(&pool);
        let (ran, runs) = mpsc::channel();
        for _ in 0..3 {
            let ran = ran.clone();
            let abandoned = pool.run(move |_| ran.send("abandoned").unwrap());
            assert!(abandoned.now_or_never().is_none());
        }
        let last = pool.run(move |_| ran.send("last").unwrap());
        let (last, ()) = tokio::join!(last, async { drop(release) });
        last.unwrap();
        assert_eq!(runs.iter().collect::<Vec<_>>(), ["last"]);
    }

    #[tokio::test]
    async fn panic_fails_its_caller_alone() {
        let pool = HashPool::with_threads(1);
        let panics = pool.run(|_| panic!("the test requested a panic"));
        let succeeds = pool.run(|_| 1);
        let (panicked, succeeded) = tokio::join!(panics, succeeds);
        assert!(panicked.is_err());
        assert_eq!(succeeded.unwrap(), 1);
        pool.wait_until_idle();
    }
}
