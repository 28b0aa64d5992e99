//! A collector in the process of a test, on a port that the system chooses.
//!
//! ```
//! let collector = telemetry::testing::Collector::start();
//! let endpoint = collector.endpoint(); // for the settings of the tested service
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
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use parking_lot::{Condvar, Mutex};
use prost::Message as _;

/// The longest time for which a test waits for spans.
const PATIENCE: Duration = Duration::from_secs(20);

/// A span as the collector received it. Ids are hexadecimal digits, as in a `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// The name of the span.
    pub name: String,
    /// `server`, `client`, `internal`, `producer` or `consumer`.
    pub kind: &'static str,
    /// The id of the trace.
    pub trace_id: String,
    /// The id of the span.
    pub span_id: String,
    /// The id of the parent, unless the span is a root.
    pub parent_id: Option<String>,
    /// `unset`, `ok` or `error`.
    pub status: &'static str,
    /// The description of the status.
    pub status_message: String,
    /// The attributes of the span, each as text.
    pub fields: BTreeMap<String, String>,
    /// The number of events and links.
    pub events_and_links: usize,
    /// The time from its start to its end.
    pub duration: Duration,
    /// The attributes of the service, as `service.name`.
    pub service: BTreeMap<String, String>,
}

/// Everything received so far.
#[derive(Debug, Default)]
struct Received {
    requests: usize,
    last_headers: BTreeMap<String, String>,
    spans: Vec<ReceivedSpan>,
}

#[derive(Debug)]
struct State {
    status: u16,
    rejected: i64,
    received: Mutex<Received>,
    has_changed: Condvar,
}

/// A collector that keeps the spans that it receives.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    state: Arc<State>,
}

impl Collector {
    /// Starts a collector that accepts everything.
    pub fn start() -> Self {
        Self::answering(200, 0)
    }

    /// Starts a collector that responds to each request with a status and a number of rejected
    /// spans. It keeps the spans all the same.
    pub fn answering(status: u16, rejected: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::new(status, rejected));
        let weak = Arc::downgrade(&state);
        // It ends at the first connection after the collector's end: the one that `drop` makes.
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (Some(state), Ok(connection)) = (weak.upgrade(), connection) else { return };
                thread::spawn(move || state.serve(&connection));
            }
        });
        Self { address, state }
    }

    /// Returns the address for traces.
    pub fn endpoint(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Returns the spans received so far.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.state.received.lock().spans.clone()
    }

    /// Returns the number of requests received so far.
    pub fn requests(&self) -> usize {
        self.state.received.lock().requests
    }

    /// Returns a header of the last request, by its name in lower case.
    pub fn last_header(&self, name: &str) -> Option<String> {
        self.state.received.lock().last_headers.get(name).cloned()
    }

    /// Waits for at least this many spans and returns all received so far.
    ///
    /// # Panics
    /// When they do not arrive in time.
    pub fn wait_for(&self, count: usize) -> Vec<ReceivedSpan> {
        let mut received = self.state.received.lock();
        let too_few = |received: &mut Received| received.spans.len() < count;
        let waited = self.state.has_changed.wait_while_for(&mut received, too_few, PATIENCE);
        assert!(!waited.timed_out(), "expected {count} spans, received {:#?}", received.spans);
        received.spans.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // The thread that accepts connections finds no state then, unless a connection still has it.
        self.state = Arc::new(State::new(0, 0));
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn new(status: u16, rejected: i64) -> Self {
        Self { status, rejected, received: Mutex::default(), has_changed: Condvar::new() }
    }

    /// Responds to the requests of a connection until the client closes it.
    fn serve(&self, connection: &TcpStream) {
        let mut reader = BufReader::new(connection);
        let mut writer = connection;
        while let Some((headers, body)) = read_request(&mut reader) {
            let request = ExportTraceServiceRequest::decode(body.as_slice());
            // A malformed message shows in the test as missing spans.
            let spans = request.map(received_spans).unwrap_or_default();
            {
                let mut received = self.received.lock();
                received.requests += 1;
                received.last_headers = headers;
                received.spans.extend(spans);
            }
            self.has_changed.notify_all();
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
            let response = [head.as_bytes(), &body].concat();
            if writer.write_all(&response).is_err() {
                return;
            }
        }
    }
}

/// Reads the headers and the body of a `POST /v1/traces` with protobuf; `None` for anything else.
fn read_request(reader: &mut impl BufRead) -> Option<(BTreeMap<String, String>, Vec<u8>)> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let is_for_traces = line()? == "POST /v1/traces HTTP/1.1";
    let mut headers = BTreeMap::new();
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let is_protobuf = headers.get("content-type")? == "application/x-protobuf";
    (is_for_traces && is_protobuf).then_some((headers, body))
}

fn received_spans(request: ExportTraceServiceRequest) -> Vec<ReceivedSpan> {
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let service = texts(group.resource.map(|it| it.attributes).unwrap_or_default());
        for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
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
    let received_status = span.status.unwrap_or_default();
    let status = match received_status.code() {
        StatusCode::Unset => "unset",
        StatusCode::Ok => "ok",
        StatusCode::Error => "error",
    };
    let nanoseconds = span.end_time_unix_nano.checked_sub(span.start_time_unix_nano);
    ReceivedSpan {
        name: span.name,
        kind,
        trace_id: hex_digits(&span.trace_id),
        span_id: hex_digits(&span.span_id),
        parent_id: Some(hex_digits(&span.parent_span_id)).filter(|id| !id.is_empty()),
        status,
        status_message: received_status.message,
        fields: texts(span.attributes),
        events_and_links: span.events.len() + span.links.len(),
        duration: Duration::from_nanos(nanoseconds.unwrap()),
        service,
    }
}

fn hex_digits(id: &[u8]) -> String {
    id.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(hex_digit).collect()
}

fn hex_digit(value: u8) -> char {
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
