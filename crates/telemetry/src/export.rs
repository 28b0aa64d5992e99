//! From the queue to the collector.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout};

use crate::client::{Client, SendError};
use crate::queue::Intake;

/// How many spans go out together.
const BATCH: usize = 512;

/// How long the first of a batch waits for others.
const GATHERING: Duration = Duration::from_secs(1);

/// How far complaints are apart.
const QUIET: Duration = Duration::from_mins(1);

/// Sends spans in batches, one after the other. Each is tried once.
#[derive(Debug)]
pub(crate) struct Export {
    client: Client,
    resource: ResourceAttributesWithSchema,
    intake: Intake,
    losses: Losses,
}

impl Export {
    pub(crate) fn new(client: Client, resource: &Resource, intake: Intake) -> Self {
        Self { client, resource: resource.into(), intake, losses: Losses::default() }
    }

    /// Works until the queue is closed and empty. Idle it waits for a span, and for no clock.
    pub(crate) async fn run(mut self, mut queue: Receiver<SpanData>) {
        while let Some(first) = queue.recv().await {
            let mut batch = vec![first];
            // Time out or not, what has come so far is in the batch.
            let _ = timeout(GATHERING, fill(&mut queue, &mut batch)).await;
            let size = batch.len() as u64;
            let sent = self.send(batch).await;
            let failed = match &sent {
                Ok(rejected) => *rejected,
                Err(_) => size,
            };
            self.losses.note(failed + self.intake.take_dropped(), sent.err().as_ref());
        }
        self.losses.close(self.intake.take_dropped());
    }

    /// How many spans of the batch the collector would not have.
    async fn send(&self, batch: Vec<SpanData>) -> Result<u64, SendError> {
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let request = ExportTraceServiceRequest { resource_spans };
        let answer = self.client.post(request.encode_to_vec()).await?;
        // Who answers 200 has taken them, even if it then says something else than it should.
        let partial = ExportTraceServiceResponse::decode(answer.as_slice())
            .ok()
            .and_then(|answer| answer.partial_success);
        Ok(partial.map_or(0, |partial| u64::try_from(partial.rejected_spans).unwrap_or(0)))
    }
}

async fn fill(queue: &mut Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    while batch.len() < BATCH && queue.recv_many(batch, BATCH - batch.len()).await > 0 {}
}

/// The spans that were lost, as far as the log does not know of them yet.
#[derive(Debug, Default)]
struct Losses {
    spans: u64,
    complained: Option<Instant>,
    /// Whether the log's last word is a complaint.
    open: bool,
}

impl Losses {
    fn note(&mut self, lost: u64, error: Option<&SendError>) {
        self.spans += lost;
        if lost == 0 {
            if self.open {
                tracing::info!(lost = self.spans, "traces reach the collector again");
                (self.spans, self.open) = (0, false);
            }
        } else if self.complained.is_none_or(|last| last.elapsed() >= QUIET) {
            let error = error.map(chain);
            tracing::warn!(lost = self.spans, error, "spans do not reach the collector");
            (self.spans, self.open) = (0, true);
            self.complained = Some(Instant::now());
        }
    }

    fn close(&mut self, lost: u64) {
        self.spans += lost;
        if self.spans > 0 {
            tracing::warn!(lost = self.spans, "more spans did not reach the collector");
        }
    }
}

/// An error with all that led to it, in one line.
fn chain(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string does not fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}
