//! Connections to Auth0, and the runtimes that drive them.
//!
//! A connection is driven by the runtime on which it was made. If that is of another thread, each
//! request and each response costs a switch between threads, which takes about as much CPU time as
//! the request itself. So a thread that has a runtime of its own, such as a thread of the HTTP
//! server, and sends often, has connections of its own, which end with it.
//!
//! A thread that sends seldom would meet a closed connection each time. It uses the connections that
//! all share. They live on a runtime that outlives the server.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::Client;
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::time::Instant;

/// A thread whose last request is longer ago uses the shared connections.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The HTTP clients of one [`HttpClient`](super::client::HttpClient).
#[derive(Clone)]
pub(crate) struct Connections(Arc<Clients>);

struct Clients {
    shared: Client,
    /// The runtime of the shared connections.
    runtime: Handle,
    build: Box<dyn Fn() -> reqwest::Result<Client> + Send + Sync>,
}

/// What a thread with a runtime of its own sends with.
struct LocalClient {
    owner: Weak<Clients>,
    runtime: Id,
    last_used: Instant,
    /// None before the second request.
    http: Option<Client>,
}

thread_local! {
    /// One entry for each owner that has sent on this thread.
    static LOCAL: RefCell<Vec<LocalClient>> = const { RefCell::new(Vec::new()) };
}

impl Connections {
    /// Clients that `build` makes, of which the shared one has its connections on this runtime.
    ///
    /// # Errors
    /// If `build` fails.
    pub(crate) fn new(
        runtime: Handle,
        build: impl Fn() -> reqwest::Result<Client> + Send + Sync + 'static,
    ) -> reqwest::Result<Self> {
        Ok(Self(Arc::new(Clients { shared: build()?, runtime, build: Box::new(build) })))
    }

    /// Sends a request by a client of the current thread or by the shared one.
    pub(crate) async fn send<F: Future>(&self, send: impl FnOnce(Client) -> F) -> F::Output {
        if let Some(client) = self.local() {
            return send(client).await;
        }
        let Clients { shared, runtime, .. } = &*self.0;
        let sending = Box::pin(send(shared.clone()));
        Within { runtime: runtime.clone(), sending }.await
    }

    /// Returns the client of the current thread, if it has a runtime of its own and sends often.
    fn local(&self) -> Option<Client> {
        let current = Handle::try_current().ok()?;
        if current.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        let (runtime, now) = (current.id(), Instant::now());
        LOCAL.with_borrow_mut(|clients| {
            let is_own = |client: &&mut LocalClient| {
                client.owner.as_ptr() == Arc::as_ptr(&self.0) && client.runtime == runtime
            };
            let Some(own) = clients.iter_mut().find(is_own) else {
                clients.retain(|client| client.owner.strong_count() > 0);
                let owner = Arc::downgrade(&self.0);
                clients.push(LocalClient { owner, runtime, last_used: now, http: None });
                return None;
            };
            let pause = now.saturating_duration_since(own.last_used);
            own.last_used = now;
            if pause > MAX_PAUSE {
                return None;
            }
            if own.http.is_none() {
                // It was built before with the same settings, so that this hardly fails.
                own.http = (self.0.build)().ok();
            }
            own.http.clone()
        })
    }
}

/// Polls a future within a runtime: what it spawns and the sockets that it opens are that one's.
struct Within<F> {
    runtime: Handle,
    sending: Pin<Box<F>>,
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { runtime, sending } = &mut *self;
        let _entered = runtime.enter();
        sending.as_mut().poll(context)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    struct Fixture {
        connections: Connections,
        count: Arc<AtomicU32>,
    }

    impl Fixture {
        fn new(runtime: &Runtime) -> Self {
            let count = Arc::new(AtomicU32::new(0));
            let counter = Arc::clone(&count);
            let build = move || {
                counter.fetch_add(1, Ordering::SeqCst);
                Client::builder().build()
            };
            let connections = Connections::new(runtime.handle().clone(), build).unwrap();
            Self { connections, count }
        }

        /// Returns the runtime within which a request is sent, and the number of clients.
        async fn send(&self) -> (Id, u32) {
            let runtime = self.connections.send(|_| async { Handle::current().id() }).await;
            (runtime, self.count.load(Ordering::SeqCst))
        }
    }

    fn shared_runtime() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    fn thread_runtime() -> Runtime {
        Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    #[test]
    fn thread_that_sends_often_has_its_own_client() {
        let (shared, own) = (shared_runtime(), thread_runtime());
        let fixture = Fixture::new(&shared);
        let (shared, own_id) = (shared.handle().id(), own.handle().id());
        own.block_on(async {
            assert_eq!(fixture.send().await, (shared, 1));
            assert_eq!(fixture.send().await, (own_id, 2));
            tokio::time::advance(MAX_PAUSE).await;
            assert_eq!(fixture.send().await, (own_id, 2));
            tokio::time::advance(MAX_PAUSE + Duration::from_millis(1)).await;
            assert_eq!(fixture.send().await, (shared, 2));
            assert_eq!(fixture.send().await, (own_id, 2));
        });
        let other = thread_runtime();
        let other_id = other.handle().id();
        other.block_on(async {
            assert_eq!(fixture.send().await, (shared, 2));
            assert_eq!(fixture.send().await, (other_id, 3));
        });
    }

    #[test]
    fn clients_of_a_dropped_owner_are_dropped() {
        let (shared, own) = (shared_runtime(), thread_runtime());
        for _ in 0..3 {
            let fixture = Fixture::new(&shared);
            own.block_on(fixture.send());
        }
        assert_eq!(LOCAL.with_borrow(Vec::len), 1);
    }

    #[test]
    fn runtime_with_several_threads_shares_one_client() {
        let shared = shared_runtime();
        let fixture = Fixture::new(&shared);
        for _ in 0..3 {
            assert_eq!(shared.block_on(fixture.send()), (shared.handle().id(), 1));
        }
    }
}
