//! Start and stop of a stand-in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::accept;
use super::tls::Tls;
use crate::config::Config;
use crate::control::Control;
use crate::crypto::CryptoError;
use crate::state::{SharedState, State};

/// How long a stop waits for requests in flight.
const DRAIN: Duration = Duration::from_secs(5);

/// A running stand-in. Dropping it stops it and closes all connections.
#[derive(Debug)]
pub struct Sim {
    url: String,
    ca_pem: Option<String>,
    control: Control,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The reason why a stand-in did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The signing keys cannot be generated.
    #[error("the signing keys cannot be generated")]
    Keys,
}

impl From<CryptoError> for StartError {
    fn from(_: CryptoError) -> Self {
        Self::Keys
    }
}

impl Sim {
    /// Starts a stand-in on the current tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let address = config.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let tls = config.tls.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let host = match address.ip() {
            // An unspecified address is not a destination; loopback is.
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V6(ip) if ip.is_unspecified() => format!("[{}]", Ipv6Addr::LOCALHOST),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let url = format!("{scheme}://{host}:{port}");
        let issuer = config.issuer.clone().unwrap_or_else(|| format!("{url}/"));
        let shared = Arc::new(SharedState::new(State::new(config, issuer, url.clone())?));
        let (stop, stopped) = watch::channel(false);
        let control = Control::new(Arc::clone(&shared));
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let task = tokio::spawn(accept(listener, acceptor, shared, stopped));
        let ca_pem = tls.map(|tls| tls.ca_pem().to_owned());
        Ok(Self { url, ca_pem, control, stop, task })
    }

    /// Returns the URL, `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the handle to inspect and control the stand-in.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Returns the certificate of the authority that clients must trust, if TLS is on.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Stops accepting connections, waits up to five seconds for requests in flight, and ends.
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
