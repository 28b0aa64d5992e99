//! Closes connections without a request in flight.
//!
//! The framework limits the time for the first head of a connection, and for a keep-alive
//! connection without any input. It does not limit a later head that arrives slowly, or a response
//! that is not read; a few thousand such connections would use up the connection limit. So a task
//! per connection closes it once no request has been in flight for the limit.

use std::any::Any;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt::net::TcpStream;
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
pub(crate) struct RequestGuard(Option<Arc<IdleClock>>);

impl RequestGuard {
    /// Marks the connection of a request as active.
    pub(crate) fn start(request: &ServiceRequest) -> Self {
        let idle_clock =
            request.conn_data::<Connection>().map(|connection| Arc::clone(&connection.idle_clock));
        if let Some(idle_clock) = &idle_clock {
            idle_clock.idle_since.store(ACTIVE, Ordering::Relaxed);
        }
        Self(idle_clock)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if let Some(idle_clock) = &self.0 {
            let millis = u64::try_from(idle_clock.opened.elapsed().as_millis()).unwrap_or(0);
            idle_clock.idle_since.store(millis, Ordering::Relaxed);
        }
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
