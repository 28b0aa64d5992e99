//! Collectors that are gone, slow, or refuse: no span waits for them, and the log reports losses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say so and stop"
)]

use std::io::Write;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use telemetry::testing::Collector;
use telemetry::{OtlpSettings, Traces};
use tokio::runtime::{Builder, Runtime};
use tracing::info_span;
use tracing::subscriber::{set_global_default, with_default};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// More spans than the queue has room for.
const MANY: usize = 10_000;

/// The longest duration of a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log of the whole process. The exporter logs on a thread of the SDK, so that a test cannot have
/// a log of its own.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Held by the test that uses the log.
static LOG_USER: Mutex<()> = Mutex::new(());

struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log of one test, which waits for the test before it.
struct Log {
    bytes: &'static Mutex<Vec<u8>>,
    _user: MutexGuard<'static, ()>,
}

impl Log {
    /// Logs what any crate reports from `info` up.
    fn start() -> Self {
        let user = LOG_USER.lock();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(|| LogWriter)
            .with_filter(LevelFilter::INFO);
        // It fails in all tests but the first.
        let _ = set_global_default(tracing_subscriber::registry().with(layer));
        LOG.lock().clear();
        Self { bytes: &LOG, _user: user }
    }

    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.bytes.lock().clone())
            .unwrap()
            .lines()
            .map(ToOwned::to_owned)
            .collect()
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn start(endpoint: &str, timeout: Duration, runtime: &Runtime) -> Traces {
    let settings = OtlpSettings {
        endpoint: endpoint.parse().unwrap(),
        service_name: Some("usher".to_owned()),
        service_version: "1.2.3".to_owned(),
        sample_ratio: Some(1.0.try_into().unwrap()),
        timeout,
        max_queue_size: OtlpSettings::DEFAULT_MAX_QUEUE_SIZE,
    };
    Traces::start(&settings, runtime.handle()).unwrap()
}

fn make_spans(traces: &Traces, count: usize) {
    let layers = tracing_subscriber::registry().with(traces.layer(&["application"]));
    with_default(layers, || {
        for _ in 0..count {
            info_span!(target: "application", "list").in_scope(|| ());
        }
    });
}

/// Fails if the work does not end in time.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("it should have ended");
}

fn lost(line: &str) -> usize {
    let (_, rest) = line.split_once("lost=").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn unreachable_collector_delays_nothing_and_every_loss_is_logged() {
    let (log, runtime) = (Log::start(), runtime());
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let traces = start(&format!("http://{unused}/v1/traces"), Duration::from_hours(1), &runtime);
    in_time(move || {
        make_spans(&traces, MANY);
        traces.finish();
    });
    drop(runtime);
    let lines = log.lines();
    // One at the first failure, and one at the end for all that came after.
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].contains("WARN telemetry::traces::losses: spans do not reach"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("refused"), "{}", lines[0]);
    assert!(!lines[0].contains("/v1/traces"), "{}", lines[0]);
    // Every span was sent in vain or dropped, and is counted.
    assert_eq!(lines.iter().map(|line| lost(line)).sum::<usize>(), MANY);
}

#[test]
fn silent_collector_delays_shutdown_until_the_timeout() {
    let (log, runtime) = (Log::start(), runtime());
    // The system accepts the connection; no program reads from it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let traces = start(&endpoint, Duration::from_millis(500), &runtime);
    in_time(move || {
        make_spans(&traces, MANY);
        // Several batches are waiting, and each of them would take the whole time.
        traces.finish();
    });
    drop(runtime);
    let (farewell, others): (Vec<_>, Vec<_>) = log
        .lines()
        .into_iter()
        .partition(|line| line.contains("the last spans were not sent in time"));
    assert_eq!(farewell.len(), 1, "{farewell:#?}");
    assert!(others.len() <= 1, "{others:#?}");
}

#[test]
fn refused_spans_are_logged_once_and_not_sent_again() {
    for status in [307, 400, 429, 500, 503] {
        let (log, runtime) = (Log::start(), runtime());
        let collector = Collector::answering(status, 0);
        let traces = start(&collector.endpoint(), PATIENCE, &runtime);
        in_time(move || {
            make_spans(&traces, 1100);
            traces.finish();
        });
        drop(runtime);
        // Neither tried again nor sent elsewhere.
        assert_eq!(collector.spans().len(), 1100, "{status}");
        let lines = log.lines();
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].contains(&status.to_string()), "{}", lines[0]);
    }
}

#[test]
fn spans_rejected_by_the_collector_are_logged() {
    let (log, runtime) = (Log::start(), runtime());
    let collector = Collector::answering(200, 7);
    let traces = start(&collector.endpoint(), PATIENCE, &runtime);
    make_spans(&traces, 10);
    traces.finish();
    drop(runtime);
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("lost=7"), "{}", lines[0]);
}

#[test]
fn spans_are_sent_in_batches_without_a_log() {
    let (log, runtime) = (Log::start(), runtime());
    let collector = Collector::start();
    let traces = start(&collector.endpoint(), PATIENCE, &runtime);
    make_spans(&traces, 1100);
    traces.finish();
    drop(runtime);
    assert_eq!(collector.spans().len(), 1100);
    assert!(collector.requests() < 20, "{}", collector.requests());
    assert_eq!(log.lines(), [""; 0]);
}

#[test]
fn spans_after_finish_are_ignored() {
    let (log, runtime) = (Log::start(), runtime());
    let collector = Collector::start();
    let traces = start(&collector.endpoint(), PATIENCE, &runtime);
    let layers = tracing_subscriber::registry().with(traces.layer(&["application"]));
    with_default(layers, || {
        traces.finish();
        info_span!(target: "application", "list").in_scope(|| ());
    });
    drop(runtime);
    assert_eq!((collector.requests(), log.lines().len()), (0, 0));
}

#[test]
fn export_without_spans_sends_nothing() {
    let (log, runtime) = (Log::start(), runtime());
    let collector = Collector::start();
    let traces = start(&collector.endpoint(), PATIENCE, &runtime);
    traces.finish();
    drop(runtime);
    assert_eq!((collector.requests(), log.lines().len()), (0, 0));
}
