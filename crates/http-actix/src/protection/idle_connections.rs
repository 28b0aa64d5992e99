//! Closes connections without a request in flight.
//!
//! The framework limits the time for the first head of a connection, and for a keep-alive
//! connection without any input. It does not limit a later head that arrives slowly, or a response
//! that is not read; a few thousand such connections would use up the connection limit. So a task
//! per connection closes it once no request has been in flight for the limit.
//!
//! A long list may take its client longer than that. So the limit begins again whenever the client
//! has taken another part of it ([`ResponseProgress`]).

use std::any::Any;
use std::cell::Cell;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt::net::TcpStream;
use futures_util::FutureExt as _;
use prometheus_client::metrics::gauge::Gauge;
use socket2::SockRef;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// The data of one connection.
#[derive(Debug)]
struct Connection {
    idle_clock: Arc<IdleClock>,
    /// Its drop ends the task.
    _open: oneshot::Sender<()>,
}

/// The time since the last request of a connection ended.
#[derive(Debug)]
struct IdleClock {
    opened: Instant,
    /// Milliseconds from `opened` to the end of the last request, or [`ACTIVE`].
    idle_since: AtomicU64,
}

const ACTIVE: u64 = u64::MAX;

/// Marks its connection as active until it is dropped.
#[derive(Debug)]
pub(crate) struct RequestGuard {
    idle_clock: Option<Arc<IdleClock>>,
    ended: Cell<Option<Instant>>,
}

impl RequestGuard {
    /// Marks the connection of a request as active.
    pub(crate) fn start(request: &ServiceRequest) -> Self {
        let idle_clock =
            request.conn_data::<Connection>().map(|connection| Arc::clone(&connection.idle_clock));
        if let Some(idle_clock) = &idle_clock {
            idle_clock.pause();
        }
        Self { idle_clock, ended: Cell::new(None) }
    }

    /// Sets the moment at which the request ended, which is otherwise that of the drop.
    pub(crate) fn end(&self, now: Instant) {
        self.ended.set(Some(now));
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if let Some(idle_clock) = &self.idle_clock {
            idle_clock.restart_at(self.ended.get().unwrap_or_else(Instant::now));
        }
    }
}

impl IdleClock {
    /// Starts to measure from now on.
    fn restart(&self) {
        self.restart_at(Instant::now());
    }

    /// Starts to measure from this moment on.
    fn restart_at(&self, moment: Instant) {
        let elapsed = moment.saturating_duration_since(self.opened);
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(0);
        self.idle_since.store(millis, Ordering::Relaxed);
    }

    /// Measures nothing until it is restarted.
    fn pause(&self) {
        self.idle_since.store(ACTIVE, Ordering::Relaxed);
    }
}

/// How much of a long response a client must take within the limit, in bytes.
const PROGRESS_BYTES: usize = 1024 * 1024;

/// Keeps a connection open while its client takes a long response.
#[derive(Debug)]
pub(crate) struct ResponseProgress {
    idle_clock: Option<Arc<IdleClock>>,
    /// The bytes taken since the limit began.
    taken: usize,
}

impl ResponseProgress {
    /// Returns the progress of the response to this request.
    pub(crate) fn new(request: &HttpRequest) -> Self {
        let connection = request.conn_data::<Connection>();
        let idle_clock = connection.map(|connection| Arc::clone(&connection.idle_clock));
        Self { idle_clock, taken: 0 }
    }

    /// Records that the client has taken this many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.taken += bytes;
        if self.taken >= PROGRESS_BYTES {
            self.taken = 0;
            if let Some(idle_clock) = &self.idle_clock {
                idle_clock.restart();
            }
        }
    }

    /// Does work of the service, for which the client is not to blame: the limit begins again after
    /// it, unless it is done at once.
    pub(crate) async fn exclude<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Some(outcome) = work.as_mut().now_or_never() {
            return outcome;
        }
        let Some(idle_clock) = &self.idle_clock else { return work.await };
        idle_clock.pause();
        let outcome = work.await;
        idle_clock.restart();
        outcome
    }
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts each new connection, and closes it once no request has been in flight for `limit`.
pub(crate) fn close_idle_connections(
    limit: Duration,
    count: Gauge,
) -> impl Fn(&dyn Any, &mut Extensions) {
    move |stream, data| {
        count.inc();
        data.insert(OpenConnection(count.clone()));
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        let Some(socket) = second_handle(stream) else {
            // The process is out of file descriptors. Connections without a task are not kept;
            // otherwise a client that exhausts descriptors would have unlimited connections.
            tracing::warn!("connection closed: no file descriptors left");
            let _ = SockRef::from(stream).shutdown(Shutdown::Both);
            return;
        };
        let idle_clock =
            Arc::new(IdleClock { opened: Instant::now(), idle_since: AtomicU64::new(0) });
        let (open, ended) = oneshot::channel();
        data.insert(Connection { idle_clock: Arc::clone(&idle_clock), _open: open });
        actix_web::rt::spawn(close_when_idle(socket, idle_clock, ended, limit));
    }
}

#[cfg(unix)]
fn second_handle(stream: &TcpStream) -> Option<std::net::TcpStream> {
    use std::os::fd::AsFd as _;
    stream.as_fd().try_clone_to_owned().ok().map(Into::into)
}

#[cfg(windows)]
fn second_handle(stream: &TcpStream) -> Option<std::net::TcpStream> {
    use std::os::windows::io::AsSocket as _;
    stream.as_socket().try_clone_to_owned().ok().map(Into::into)
}

async fn close_when_idle(
    socket: std::net::TcpStream,
    idle_clock: Arc<IdleClock>,
    mut ended: oneshot::Receiver<()>,
    limit: Duration,
) {
    let mut deadline = idle_clock.opened + limit;
    while timeout_at(deadline, &mut ended).await.is_err() {
        let now = Instant::now();
        deadline = match idle_clock.idle_since.load(Ordering::Relaxed) {
            ACTIVE => now + limit,
            millis => idle_clock.opened + Duration::from_millis(millis) + limit,
        };
        if deadline <= now {
            tracing::debug!("idle connection closed");
            // This fails only if the connection is closed already.
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    fn progress() -> (ResponseProgress, Arc<IdleClock>) {
        let idle_clock =
            Arc::new(IdleClock { opened: Instant::now(), idle_since: AtomicU64::new(0) });
        (ResponseProgress { idle_clock: Some(Arc::clone(&idle_clock)), taken: 0 }, idle_clock)
    }

    fn idle_since(idle_clock: &IdleClock) -> u64 {
        idle_clock.idle_since.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn limit_begins_again_with_each_mebibyte() {
        let (mut progress, idle_clock) = progress();
        tokio::time::advance(LIMIT / 2).await;
        progress.advance(PROGRESS_BYTES - 1);
        assert_eq!(idle_since(&idle_clock), 0);
        progress.advance(1);
        assert_eq!(idle_since(&idle_clock), 30_000);
        tokio::time::advance(LIMIT / 2).await;
        progress.advance(PROGRESS_BYTES - 1);
        assert_eq!(idle_since(&idle_clock), 30_000);
    }

    #[tokio::test(start_paused = true)]
    async fn work_of_the_service_does_not_count() {
        let (progress, idle_clock) = progress();
        let (send, receive) = oneshot::channel();
        let mut work = pin!(progress.exclude(receive));
        assert!(work.as_mut().now_or_never().is_none());
        assert_eq!(idle_since(&idle_clock), ACTIVE);
        tokio::time::advance(LIMIT).await;
        send.send(()).unwrap();
        work.await.unwrap();
        assert_eq!(idle_since(&idle_clock), 60_000);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_done_at_once_changes_nothing() {
        let (progress, idle_clock) = progress();
        tokio::time::advance(LIMIT).await;
        progress.exclude(async {}).await;
        assert_eq!(idle_since(&idle_clock), 0);
    }
}
