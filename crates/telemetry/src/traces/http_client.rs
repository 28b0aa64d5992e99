//! The HTTP client of the exporter.
//!
//! The batch processor of the SDK calls the exporter on a thread of its own, without a Tokio
//! runtime, where reqwest's asynchronous client panics. Its blocking client would bring a third
//! thread with a second runtime. So each request is a task of the runtime that owns the other
//! outgoing connections, and the processor's thread waits for that task. If the runtime shuts down
//! first, the task is cancelled and the batch is lost, and no thread hangs.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use parking_lot::Mutex;
use prost::Message as _;
use reqwest::redirect;
use tokio::runtime::Handle;

/// The number of bytes read of a response. All that matters in one is a number.
const MAX_RESPONSE_BYTES: usize = 16 * 1024;

/// An HTTP client whose requests run on a Tokio runtime, whichever thread makes them.
#[derive(Debug)]
pub(super) struct RuntimeClient {
    http: reqwest::Client,
    runtime: Handle,
    report: Arc<Mutex<SendReport>>,
}

/// Details of the last request that the exporter does not pass on.
#[derive(Debug, Default)]
pub(super) struct SendReport {
    /// Why there was no response, with all its causes.
    pub(super) network_error: Option<String>,
    /// The number of spans that the collector rejected, though it accepted the request.
    pub(super) rejected_spans: u64,
}

impl RuntimeClient {
    pub(super) fn new(
        timeout: Duration,
        runtime: Handle,
        report: Arc<Mutex<SendReport>>,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            // Traces go where the settings say, and nowhere that the collector or HTTP_PROXY says.
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // The processor sends one batch after the other.
            .pool_max_idle_per_host(1)
            .build()?;
        Ok(Self { http, runtime, report })
    }
}

#[async_trait]
impl HttpClient for RuntimeClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        // The address is left out of errors, since its query may hold a secret.
        let task = self.runtime.spawn(send(self.http.clone(), request));
        let outcome = match task.await {
            Ok(sent) => sent.map_err(|error| HttpError::from(error.without_url())),
            Err(cancelled) => Err(cancelled.into()),
        };
        *self.report.lock() = match &outcome {
            Ok(response) => {
                SendReport { network_error: None, rejected_spans: rejected_spans(response.body()) }
            }
            Err(error) => {
                SendReport { network_error: Some(with_causes(&**error)), rejected_spans: 0 }
            }
        };
        outcome
    }
}

/// Sends a request and reads the beginning of its response.
async fn send(
    http: reqwest::Client,
    request: reqwest::Request,
) -> Result<Response<Bytes>, reqwest::Error> {
    let mut response = http.execute(request).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if chunk.len() > MAX_RESPONSE_BYTES.saturating_sub(body.len()) {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let mut result = Response::new(Bytes::from(body));
    *result.status_mut() = response.status();
    Ok(result)
}

/// The number of spans that a response rejects. A malformed response to an accepted request rejects
/// none.
fn rejected_spans(body: &[u8]) -> u64 {
    let partial =
        ExportTraceServiceResponse::decode(body).ok().and_then(|response| response.partial_success);
    partial.map_or(0, |partial| u64::try_from(partial.rejected_spans).unwrap_or(0))
}

/// An error with all its causes, on one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string does not fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
