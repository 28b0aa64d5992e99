//! The export of traces, from its start to its end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanLimits};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;

use crate::client::Client;
use crate::export::Export;
use crate::queue;
use crate::settings::OtlpSettings;

/// Why no traces can be exported.
#[derive(Debug, Error)]
#[error("the HTTP client for traces cannot be made")]
pub struct OtlpError(#[source] reqwest::Error);

/// An export of traces that is under way.
///
/// When it is dropped, what has ended by then is still sent, as long as the runtime lives;
/// [`Traces::finish`] waits for it.
#[derive(Debug)]
pub struct Traces {
    tracer: SdkTracer,
    queue: Sender<SpanData>,
    task: AbortHandle,
    end: Receiver<()>,
    patience: Duration,
}

impl Traces {
    /// Starts the one task of the export on a runtime. No connection is made before there is a
    /// span to send.
    ///
    /// # Errors
    /// When the machine's TLS roots cannot be had.
    pub fn start(settings: OtlpSettings, runtime: &Handle) -> Result<Self, OtlpError> {
        let client = Client::new(settings.endpoint, settings.timeout).map_err(OtlpError)?;
        let (queue, intake, ended) = queue::open();
        // Without the detectors, which would ask the environment.
        let resource = Resource::builder_empty()
            .with_service_name(settings.service_name)
            .with_attribute(KeyValue::new("service.version", settings.service_version))
            .build();
        let export = Export::new(client, &resource, intake.clone());
        // Whatever the SDK takes from the environment by itself is set here.
        let ratio = Sampler::TraceIdRatioBased(settings.sample_ratio.get());
        let provider = SdkTracerProvider::builder()
            .with_span_processor(intake)
            .with_sampler(Sampler::ParentBased(Box::new(ratio)))
            .with_span_limits(SpanLimits::default())
            .with_resource(resource)
            .build();
        let (alive, end) = channel();
        let task = runtime.spawn(async move {
            export.run(ended).await;
            drop(alive);
        });
        Ok(Self {
            tracer: provider.tracer("usher"),
            queue,
            task: task.abort_handle(),
            end,
            patience: settings.timeout,
        })
    }

    /// The layer that exports the spans of these crates from `info` up, and no event at all.
    ///
    /// A crate is known by the first part of a span's target. Spans of other crates are passed
    /// over as if they were not there.
    pub fn layer<S>(
        &self,
        own_crates: &'static [&'static str],
    ) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let wanted = move |what: &Metadata<'_>| {
            let crate_name = what.target().split("::").next().unwrap_or_default();
            what.is_span() && *what.level() <= LevelFilter::INFO && own_crates.contains(&crate_name)
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            // The fields of a span, and nothing that it did not say itself.
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_error_fields_to_exceptions(false)
            .with_error_records_to_exceptions(false)
            // Nobody here asks OpenTelemetry which span is the current one.
            .with_context_activation(false)
            // The hint keeps events below that level as cheap as they are without traces.
            .with_filter(FilterFn::new(wanted).with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends what has ended so far, and waits for it, but not longer than the settings' timeout.
    ///
    /// The runtime must have a thread other than this one.
    pub fn finish(self) {
        // The layer does not hold the queue open.
        drop(self.queue);
        if self.end.recv_timeout(self.patience) == Err(RecvTimeoutError::Timeout) {
            self.task.abort();
            tracing::warn!("the last spans were not sent in time");
        }
    }
}
