//! The HTTP client: the only place that builds one, and the only function that sends.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ports::UpstreamObserver;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Certificate, Response, redirect};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use crate::config::Auth0Config;
use crate::error::{MalformedResponse, RequestError};
use crate::transport::connections::Connections;
use crate::transport::request::ApiRequest;
use crate::transport::request_record::RequestRecord;
use crate::transport::response::ApiResponse;

/// The largest response that is read, in bytes: 100 users of 10 KB each, several times over.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Errors that prevent building the HTTP client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The additional certificates to trust are not PEM certificates, or there is none.
    #[error("contains no readable certificate")]
    Certificate,
    /// The HTTP client itself.
    #[error("the HTTP client for Auth0 cannot be built")]
    Http(#[source] reqwest::Error),
}

/// An HTTP client with time and size limits.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    connections: Connections,
    timeout: Duration,
    observer: Arc<dyn UpstreamObserver>,
}

impl HttpClient {
    /// A client that reports every request to the observer, and whose shared connections live on
    /// this runtime.
    pub(crate) fn new(
        config: &Auth0Config,
        runtime: Handle,
        observer: Arc<dyn UpstreamObserver>,
    ) -> Result<Self, ClientError> {
        let roots = match &config.ca_pem {
            Some(pem) => Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or(ClientError::Certificate)?,
            None => Vec::new(),
        };
        let timeout = config.timeout;
        let localhost_name = config.domain.localhost_name().map(str::to_owned);
        let build = move || {
            let mut builder = reqwest::Client::builder()
                .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
                .tls_certs_merge(roots.clone())
                // A request whose connection was not established was not processed, so half of the time
                // is left for another attempt.
                .connect_timeout(timeout / 2)
                .redirect(redirect::Policy::none())
                .referer(false)
                // Only the configuration decides where Usher connects, not HTTPS_PROXY.
                .no_proxy()
                .tcp_nodelay(true)
                // Shorter than the idle timeout of Auth0's edge, so that few requests meet a connection
                // that is being closed.
                .pool_idle_timeout(Duration::from_secs(50))
                // HTTP/2 sends all requests over one connection; without keep-alive a dead one would
                // swallow them all.
                .http2_keep_alive_interval(Duration::from_secs(10))
                .http2_keep_alive_timeout(timeout)
                .http2_keep_alive_while_idle(true);
            if let Some(name) = &localhost_name {
                // Plain http is accepted for these names, so they must resolve to this machine whatever
                // the name server says (RFC 6761 §6.3). The client fills in the port.
                let loopback =
                    [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()];
                builder = builder.resolve_to_addrs(name, &loopback);
            }
            builder.build()
        };
        let connections = Connections::new(runtime, build).map_err(ClientError::Http)?;
        Ok(Self { connections, timeout, observer })
    }

    /// Sends the request once and reads the whole response, within the deadline and the timeout of
    /// one attempt.
    pub(crate) async fn send(
        &self,
        request: &ApiRequest,
        authorization: Option<&HeaderValue>,
        deadline: Instant,
        attempt: u32,
    ) -> Result<ApiResponse, RequestError> {
        let start = Instant::now();
        if start >= deadline {
            return Err(RequestError::DeadlineExceeded);
        }
        let limit = deadline.min(start + self.timeout);
        let cut_short = limit - start < self.timeout / 2;
        let record = RequestRecord::start(&*self.observer, request, attempt, start);
        let exchange = self.exchange(request, authorization).instrument(record.span().clone());
        let outcome =
            timeout_at(limit, exchange).await.unwrap_or(Err(RequestError::TimedOut { cut_short }));
        record.finish(request.route, &outcome);
        outcome
    }

    async fn exchange(
        &self,
        request: &ApiRequest,
        authorization: Option<&HeaderValue>,
    ) -> Result<ApiResponse, RequestError> {
        self.connections.send(|http| exchange(http, request, authorization)).await
    }
}

async fn exchange(
    http: reqwest::Client,
    request: &ApiRequest,
    authorization: Option<&HeaderValue>,
) -> Result<ApiResponse, RequestError> {
    let mut builder =
        http.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
    if let Some(value) = authorization {
        builder = builder.header(AUTHORIZATION, value);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    #[expect(clippy::disallowed_methods, reason = "the one function that sends")]
    let mut response = builder.send().await.map_err(broken)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let body = match read(response).await {
        // A server error is evident without its body.
        Err(_) if status.is_server_error() => Vec::new(),
        body => body?,
    };
    Ok(ApiResponse { status, headers, body })
}

/// Reads the body. Its size is limited by what arrives, not by what Content-Length claims.
async fn read(mut response: Response) -> Result<Vec<u8>, RequestError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if chunk.len() > MAX_BYTES - body.len() {
            return Err(MalformedResponse::TooLong.into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Converts the error. The URL is removed, since it contains personal data.
fn broken(error: reqwest::Error) -> RequestError {
    let unprocessed = error.is_connect();
    let error = Arc::new(error.without_url());
    if unprocessed {
        RequestError::Unreachable(error)
    } else {
        RequestError::ConnectionBroken(error)
    }
}
