//! How long a connection may be of no use.
//!
//! The framework bounds the time for a connection's first head, and for which one is kept where
//! nothing comes at all. But a second head that drips, or an answer that nobody reads, it would
//! wait for without end, and a few thousand of them would be all the connections that there are.
//! So each connection is watched: unless a request is under way, there must be one before long.

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

/// What a connection is known by, as long as it is there.
#[derive(Debug)]
struct Connection {
    quiet: Arc<Quiet>,
    /// Goes with the connection, which ends the watch.
    _open: oneshot::Sender<()>,
}

/// Since when no request is under way.
#[derive(Debug)]
struct Quiet {
    opened: Instant,
    /// In milliseconds since it was opened.
    since: AtomicU64,
}

const UNDER_WAY: u64 = u64::MAX;

/// A request is under way as long as this is there.
#[derive(Debug)]
pub(crate) struct RequestGuard(Option<Arc<Quiet>>);

impl RequestGuard {
    /// This one.
    pub(crate) fn begin(request: &ServiceRequest) -> Self {
        let quiet = request.conn_data::<Connection>().map(|it| Arc::clone(&it.quiet));
        if let Some(quiet) = &quiet {
            quiet.since.store(UNDER_WAY, Ordering::Relaxed);
        }
        Self(quiet)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if let Some(quiet) = &self.0 {
            let millis = u64::try_from(quiet.opened.elapsed().as_millis()).unwrap_or(0);
            quiet.since.store(millis, Ordering::Relaxed);
        }
    }
}

/// A connection is counted as long as this is there.
#[derive(Debug)]
struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts each connection that is opened, and closes it when none of its requests has been under
/// way for so long.
pub(crate) fn watch_each(limit: Duration, count: Gauge) -> impl Fn(&dyn Any, &mut Extensions) {
    move |stream, data| {
        count.inc();
        data.insert(Open(count.clone()));
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        let Some(socket) = second_handle(stream) else {
            // The process is out of handles. What cannot be watched is not kept, or whoever has
            // brought that about would have connections without end.
            tracing::warn!("a connection was closed, since there are no file descriptors left");
            let _ = SockRef::from(stream).shutdown(Shutdown::Both);
            return;
        };
        let quiet = Arc::new(Quiet { opened: Instant::now(), since: AtomicU64::new(0) });
        let (open, ended) = oneshot::channel();
        data.insert(Connection { quiet: Arc::clone(&quiet), _open: open });
        actix_web::rt::spawn(watch(socket, quiet, ended, limit));
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

async fn watch(
    socket: std::net::TcpStream,
    quiet: Arc<Quiet>,
    mut ended: oneshot::Receiver<()>,
    limit: Duration,
) {
    let mut look = quiet.opened + limit;
    while timeout_at(look, &mut ended).await.is_err() {
        let now = Instant::now();
        look = match quiet.since.load(Ordering::Relaxed) {
            UNDER_WAY => now + limit,
            millis => quiet.opened + Duration::from_millis(millis) + limit,
        };
        if look <= now {
            tracing::debug!("a connection was of no use for too long");
            // Where it is closed already there is nothing left to do.
            let _ = socket.shutdown(Shutdown::Both);
            return;
        }
    }
}
