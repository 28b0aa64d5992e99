//! The server: where it listens, its connections, and how it ends.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::control::Control;
use crate::keys::KeyError;
use crate::service::serve;
use crate::socket::{Abort, Socket};
use crate::state::State;

/// How long a stop waits for requests that are under way.
const DRAIN: Duration = Duration::from_secs(5);

/// A running stand-in. Dropping it ends it and all of its connections.
#[derive(Debug)]
pub struct Sim {
    url: String,
    ca_pem: Option<String>,
    control: Control,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Why there is no stand-in.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There are no signing keys.
    #[error("the signing keys cannot be made")]
    Keys,
}

impl From<KeyError> for StartError {
    fn from(_: KeyError) -> Self {
        Self::Keys
    }
}

impl Sim {
    /// Starts on the current tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let address = config.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let tls = config.tls.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let host = match address.ip() {
            // A name by which this machine at least can reach it.
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V6(ip) if ip.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let url = format!("{scheme}://{host}:{port}");
        let issuer = config.issuer.clone().unwrap_or_else(|| format!("{url}/"));
        let shared = Arc::new(Shared(Mutex::new(State::new(config, issuer)?)));
        let (stop, stopped) = watch::channel(false);
        let control = Control::new(Arc::clone(&shared));
        let acceptor = tls.as_ref().map(crate::tls::Tls::acceptor);
        let task = tokio::spawn(accept(listener, acceptor, shared, stopped));
        let ca_pem = tls.map(|tls| tls.ca_pem().to_owned());
        Ok(Self { url, ca_pem, control, stop, task })
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The way to look inside and to change its behaviour.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// With TLS: the certificate of the authority that clients have to trust.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Takes no more connections, lets requests that are under way come to their end for at most
    /// five seconds, and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(DRAIN, &mut self.task).await;
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The state, for the server and for [`Control`].
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Takes connections until it is stopped; those that stand are dropped with it.
async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Too many open files, or somebody who left again: the next one may fare better.
                let Ok((stream, peer)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                connections.spawn(connection(
                    stream, peer.ip(), tls.clone(), Arc::clone(&shared), stopped.clone(),
                ));
            }
            Some(_) = connections.join_next() => {}
            () = told_to_stop(&mut stop) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits until it is told to stop.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let abort = Abort::default();
    let socket = Socket::new(stream, abort.clone());
    match tls {
        None => speak(socket, peer, abort, shared, stopped).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(socket).await {
                speak(stream, peer, abort, shared, stopped).await;
            }
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: IpAddr,
    abort: Abort,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(|request| {
        let (shared, abort) = (Arc::clone(&shared), abort.clone());
        async move { Ok::<_, Infallible>(serve(&shared, &abort, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        // Dropping the connection closes the socket, which then resets it.
        () = abort.asked_for() => return,
        () = told_to_stop(&mut stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = abort.asked_for() => {}
    }
}
