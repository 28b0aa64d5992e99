//! The export of traces, from its start to its end.
//!
//! A span that ends passes `processor.rs`, which drops it if too many wait, to the batch processor
//! of the SDK, whose thread gives batches to `exporter.rs`, which is the exporter of
//! `opentelemetry-otlp` with the HTTP client of `http_client.rs`. `losses.rs` logs what is lost.

mod exporter;
mod http_client;
mod losses;
mod processor;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, SdkProvidedResourceDetector};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

use self::exporter::LoggingExporter;
pub use self::exporter::OtlpError;
use self::losses::Losses;
use self::processor::{BoundedProcessor, QueueCounts};
pub use self::settings::{Endpoint, EndpointError, OtlpSettings, SampleRatio, SampleRatioError};
use crate::ids::Ids;

/// The name of the service if neither the settings nor the environment have one.
const DEFAULT_SERVICE_NAME: &str = "usher";

/// A running export of traces. Call [`Traces::finish`] at the end of the process: spans that ended
/// shortly before are lost otherwise.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    queue: Arc<QueueCounts>,
    losses: Arc<Mutex<Losses>>,
    timeout: Duration,
}

impl Traces {
    /// Starts the thread that collects spans into batches. Requests to the collector are tasks of
    /// the given runtime; there is no connection before there is a span to send.
    ///
    /// # Errors
    /// When the HTTP client or the exporter cannot be built.
    pub fn start(settings: &OtlpSettings, runtime: &Handle) -> Result<Self, OtlpError> {
        let (queue, losses) = (Arc::<QueueCounts>::default(), Arc::<Mutex<Losses>>::default());
        let exporter =
            LoggingExporter::new(settings, runtime, Arc::clone(&queue), Arc::clone(&losses))?;
        let max_queue_size = settings.max_queue_size.max(1);
        let config = BatchConfigBuilder::default().with_max_queue_size(max_queue_size).build();
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
        let mut builder = SdkTracerProvider::builder()
            .with_span_processor(BoundedProcessor::new(batches, Arc::clone(&queue), max_queue_size))
            .with_id_generator(Ids)
            .with_resource(resource(settings));
        if let Some(ratio) = settings.sample_ratio {
            let ratio = Sampler::TraceIdRatioBased(ratio.get());
            builder = builder.with_sampler(Sampler::ParentBased(Box::new(ratio)));
        }
        let provider = builder.build();
        let tracer = provider.tracer("usher");
        Ok(Self { provider, tracer, queue, losses, timeout: settings.timeout })
    }

    /// Returns the layer that exports the spans of these crates from `info` up, and no event at all.
    ///
    /// A crate is known by the first part of a span's target. Spans of other crates are skipped as
    /// if they did not exist.
    pub fn layer<S>(
        &self,
        own_crates: &'static [&'static str],
    ) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let is_exported = move |metadata: &Metadata<'_>| {
            let crate_name = metadata.target().split("::").next().unwrap_or_default();
            metadata.is_span()
                && *metadata.level() <= LevelFilter::INFO
                && own_crates.contains(&crate_name)
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            // Only the fields that a span has declared itself.
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_error_fields_to_exceptions(false)
            .with_error_records_to_exceptions(false)
            // Nothing here reads the current span of OpenTelemetry.
            .with_context_activation(false)
            // The hint keeps events below that level as cheap as they are without traces.
            .with_filter(FilterFn::new(is_exported).with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends the spans that have ended so far, and waits for the collector, but not longer than the
    /// settings' timeout.
    ///
    /// The runtime must have a thread other than this one.
    pub fn finish(self) {
        // It fails only when the thread of the batch processor does not end in time.
        if self.provider.shutdown_with_timeout(self.timeout).is_ok() {
            self.losses.lock().finish(self.queue.take_dropped());
        } else {
            tracing::warn!("the last spans were not sent in time");
        }
    }
}

/// The attributes of the service that all its spans share.
fn resource(settings: &OtlpSettings) -> Resource {
    let detected = Resource::builder_empty()
        .with_detector(Box::new(EnvResourceDetector::new()))
        // The later one wins: OTEL_SERVICE_NAME over a name among the attributes.
        .with_detector(Box::new(SdkProvidedResourceDetector))
        .build();
    // Without a variable, the SDK's detector makes up a name that says so.
    let service_name = settings.service_name.clone().or_else(|| {
        let name = detected.get(&Key::from_static_str("service.name"))?.to_string();
        (!name.starts_with("unknown_service")).then_some(name)
    });
    let others = detected.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attributes(others)
        .with_attribute(KeyValue::new("service.version", settings.service_version.clone()))
        .with_service_name(service_name.unwrap_or_else(|| DEFAULT_SERVICE_NAME.to_owned()))
        .build()
}
