//! A socket that can be closed with a TCP reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A request to reset a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetSignal(Arc<(AtomicBool, Notify)>);

impl ResetSignal {
    /// Requests the reset. The future never completes.
    pub(crate) async fn request_reset<T>(&self) -> T {
        let (is_requested, notify) = &*self.0;
        is_requested.store(true, Ordering::SeqCst);
        notify.notify_one();
        std::future::pending().await
    }

    /// Waits until a reset is requested.
    pub(crate) async fn requested(&self) {
        self.0.1.notified().await;
    }
}

/// A socket that resets its connection on drop if that was requested.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    reset: ResetSignal,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, reset: ResetSignal) -> Self {
        Self { stream, reset }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.0.0.load(Ordering::SeqCst) {
            // With a linger of zero seconds, closing sends RST instead of FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
