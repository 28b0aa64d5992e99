//! The exporter: that of `opentelemetry-otlp`, with a log of losses.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, RetryPolicy, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::runtime::Handle;

use super::http_client::{RuntimeClient, SendReport};
use super::losses::Losses;
use super::processor::QueueCounts;
use super::settings::OtlpSettings;

/// Errors that prevent the export of traces.
#[derive(Debug, Error)]
pub enum OtlpError {
    /// The HTTP client cannot be built, as where the machine has no TLS roots.
    #[error("the HTTP client for traces cannot be built")]
    Client(#[source] reqwest::Error),
    /// The exporter cannot be built.
    #[error("the exporter of traces cannot be built")]
    Exporter,
}

/// Sends batches of spans one after the other, each once, and records those that are lost.
#[derive(Debug)]
pub(super) struct LoggingExporter {
    otlp: opentelemetry_otlp::SpanExporter,
    report: Arc<Mutex<SendReport>>,
    queue: Arc<QueueCounts>,
    losses: Arc<Mutex<Losses>>,
}

impl LoggingExporter {
    pub(super) fn new(
        settings: &OtlpSettings,
        runtime: &Handle,
        queue: Arc<QueueCounts>,
        losses: Arc<Mutex<Losses>>,
    ) -> Result<Self, OtlpError> {
        let report = Arc::<Mutex<SendReport>>::default();
        let client = RuntimeClient::new(settings.timeout, runtime.clone(), Arc::clone(&report))
            .map_err(OtlpError::Client)?;
        let otlp = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(settings.endpoint.as_str())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(settings.timeout)
            // A retry would hold up the batches behind it, which the queue then drops.
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            // Its text repeats the endpoint.
            .map_err(|_| OtlpError::Exporter)?;
        Ok(Self { otlp, report, queue, losses })
    }
}

impl SpanExporter for LoggingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let size = batch.len();
        self.queue.record_taken(size);
        *self.report.lock() = SendReport::default();
        let outcome = self.otlp.export(batch).await;
        let SendReport { network_error, rejected_spans } = std::mem::take(&mut *self.report.lock());
        let (failed, error) = match &outcome {
            Ok(()) => (rejected_spans, None),
            Err(error) => (size as u64, Some(network_error.unwrap_or_else(|| error.to_string()))),
        };
        self.losses.lock().record(failed + self.queue.take_dropped(), error.as_deref());
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}
