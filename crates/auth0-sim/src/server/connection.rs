//! The accept loop and the connections.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::pipeline::handle_request;
use super::socket::{ResetSignal, Socket};
use crate::state::SharedState;

/// Accepts connections until shutdown. Open connections are dropped with this future.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<SharedState>,
    stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Accepting fails when file descriptors run out or the client has left; the next
                // attempt may succeed.
                let Ok((stream, peer)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                connections.spawn(serve_connection(
                    stream, peer.ip(), tls.clone(), Arc::clone(&shared), stopped.clone(),
                ));
            }
            Some(_) = connections.join_next() => {}
            () = stop_requested(&mut stop) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits until shutdown is requested.
async fn stop_requested(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve_connection(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<SharedState>,
    stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let reset = ResetSignal::default();
    let socket = Socket::new(stream, reset.clone());
    match tls {
        None => serve_http(socket, peer, reset, shared, stopped).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(socket).await {
                serve_http(stream, peer, reset, shared, stopped).await;
            }
        }
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: IpAddr,
    reset: ResetSignal,
    shared: Arc<SharedState>,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let (shared, reset) = (Arc::clone(&shared), reset.clone());
        async move { Ok::<_, Infallible>(handle_request(&shared, &reset, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        // Dropping the connection closes the socket, which then resets it.
        () = reset.requested() => return,
        () = stop_requested(&mut stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = reset.requested() => {}
    }
}
