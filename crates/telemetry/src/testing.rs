//! A collector in the process of a test, on a port that the system chooses.
//!
//! ```
//! let collector = telemetry::testing::Collector::start();
//! let endpoint = collector.endpoint(); // for the settings of what is tested
//! // … spans end, and then:
//! let spans = collector.wait_for(0);
//! assert!(spans.is_empty());
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on should say so and stop"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A span as it arrived. Ids are hexadecimal digits, as in a `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// Its name.
    pub name: String,
    /// `server`, `client`, `internal`, `producer` or `consumer`.
    pub kind: &'static str,
    /// Its trace.
    pub trace_id: String,
    /// Itself.
    pub span_id: String,
    /// Its parent, unless it is a root.
    pub parent_id: Option<String>,
    /// `unset`, `ok` or `error`.
    pub status: &'static str,
    /// What is said about the status.
    pub status_message: String,
    /// Its fields, each as text.
    pub fields: BTreeMap<String, String>,
    /// How many events and links came with it.
    pub events_and_links: usize,
    /// How long it took.
    pub duration: Duration,
    /// The service, as `service.name` and the like.
    pub service: BTreeMap<String, String>,
}

/// What has arrived.
#[derive(Debug, Default)]
struct Arrived {
    requests: usize,
    spans: Vec<ReceivedSpan>,
}

#[derive(Debug)]
struct Inside {
    status: u16,
    rejected: i64,
    arrived: Mutex<Arrived>,
    more: Condvar,
}

/// A collector that keeps what it is sent.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    inside: Arc<Inside>,
}

impl Collector {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::answering(200, 0)
    }

    /// One that answers each request with a status, and with how many spans it did not like. It
    /// keeps the spans all the same.
    pub fn answering(status: u16, rejected: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (arrived, more) = (Mutex::default(), Condvar::new());
        let inside = Arc::new(Inside { status, rejected, arrived, more });
        let weak = Arc::downgrade(&inside);
        // It ends at the first connection after the collector: the one that `drop` makes.
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (Some(inside), Ok(connection)) = (weak.upgrade(), connection) else { return };
                thread::spawn(move || inside.serve(&connection));
            }
        });
        Self { address, inside }
    }

    /// Where it takes traces.
    pub fn endpoint(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// What has arrived so far.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.inside.arrived.lock().unwrap().spans.clone()
    }

    /// How many requests have arrived so far.
    pub fn requests(&self) -> usize {
        self.inside.arrived.lock().unwrap().requests
    }

    /// What has arrived, as soon as it is so many spans at least.
    ///
    /// # Panics
    /// When they do not come in time.
    pub fn wait_for(&self, count: usize) -> Vec<ReceivedSpan> {
        let arrived = self.inside.arrived.lock().unwrap();
        let too_few = |arrived: &mut Arrived| arrived.spans.len() < count;
        let (arrived, waited) =
            self.inside.more.wait_timeout_while(arrived, PATIENCE, too_few).unwrap();
        assert!(!waited.timed_out(), "of {count} spans there came {:#?}", arrived.spans);
        arrived.spans.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Another owner would be a connection, and the thread that accepts then ends with the test.
        self.inside = Arc::new(Inside {
            status: 0,
            rejected: 0,
            arrived: Mutex::default(),
            more: Condvar::new(),
        });
        let _ = TcpStream::connect(self.address);
    }
}

impl Inside {
    /// Answers one request after the other until the other side has no more.
    fn serve(&self, connection: &TcpStream) {
        let mut reader = BufReader::new(connection);
        let mut writer = connection;
        while let Some(body) = read_request(&mut reader) {
            let request = ExportTraceServiceRequest::decode(body.as_slice());
            // What is no OTLP is for the test to notice, as spans that are missing.
            let spans = request.map(received).unwrap_or_default();
            {
                let mut arrived = self.arrived.lock().unwrap();
                arrived.requests += 1;
                arrived.spans.extend(spans);
            }
            self.more.notify_all();
            let partial = ExportTracePartialSuccess {
                rejected_spans: self.rejected,
                error_message: String::new(),
            };
            let partial_success = (self.rejected > 0).then_some(partial);
            let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
            let (status, length) = (self.status, body.len());
            let head = format!(
                "HTTP/1.1 {status} Whatever\r\nlocation: /elsewhere\r\ncontent-length: {length}\r\n\r\n"
            );
            let answer = [head.as_bytes(), &body].concat();
            if writer.write_all(&answer).is_err() {
                return;
            }
        }
    }
}

/// The body of a `POST /v1/traces` with protobuf in it; of anything else, nothing.
fn read_request(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_ascii_lowercase())
    };
    let mut expected = line()? == "post /v1/traces http/1.1";
    let (mut length, mut protobuf) = (0, false);
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        protobuf |= header == "content-type: application/x-protobuf";
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    expected &= protobuf;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    expected.then_some(body)
}

fn received(request: ExportTraceServiceRequest) -> Vec<ReceivedSpan> {
    let mut spans = Vec::new();
    for of_service in request.resource_spans {
        let service = texts(of_service.resource.map(|it| it.attributes).unwrap_or_default());
        for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(received_span(span, service.clone()));
        }
    }
    spans
}

fn received_span(span: Span, service: BTreeMap<String, String>) -> ReceivedSpan {
    let kind = match span.kind() {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    };
    let said = span.status.unwrap_or_default();
    let status = match said.code() {
        StatusCode::Unset => "unset",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    };
    let lasted = span.end_time_unix_nano.checked_sub(span.start_time_unix_nano);
    ReceivedSpan {
        name: span.name,
        kind,
        trace_id: digits(&span.trace_id),
        span_id: digits(&span.span_id),
        parent_id: Some(digits(&span.parent_span_id)).filter(|id| !id.is_empty()),
        status,
        status_message: said.message,
        fields: texts(span.attributes),
        events_and_links: span.events.len() + span.links.len(),
        duration: Duration::from_nanos(lasted.unwrap()),
        service,
    }
}

fn digits(id: &[u8]) -> String {
    id.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(digit).collect()
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap()
}

fn texts(fields: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |field: KeyValue| {
        let text = match field.value.and_then(|value| value.value) {
            Some(Value::StringValue(text)) => text,
            Some(Value::BoolValue(value)) => value.to_string(),
            Some(Value::IntValue(value)) => value.to_string(),
            Some(Value::DoubleValue(value)) => value.to_string(),
            other => format!("{other:?}"),
        };
        (field.key, text)
    };
    fields.into_iter().map(text).collect()
}
