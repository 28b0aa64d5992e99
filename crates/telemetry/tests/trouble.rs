//! Collectors that are gone, slow, or refuse: nobody waits for them, and the log says it once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say so and stop"
)]

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use telemetry::testing::Collector;
use telemetry::{OtlpSettings, Traces};
use tokio::runtime::{Builder, Runtime};
use tracing::subscriber::with_default;
use tracing::{Dispatch, dispatcher, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// More than the queue has room for.
const MANY: usize = 10_000;

/// What these tests have the time for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log of a runtime's threads.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        String::from_utf8(bytes.clone()).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    fn dispatch(&self) -> Dispatch {
        let log = self.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_writer(move || log.clone())
            .with_filter(LevelFilter::INFO);
        Dispatch::new(tracing_subscriber::registry().with(layer))
    }
}

/// A runtime whose only thread logs whatever any crate has to say from `info` up.
fn runtime() -> (Runtime, Log) {
    let log = Log::default();
    let of_thread = log.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .on_thread_start(move || {
            // It holds as long as the thread.
            std::mem::forget(dispatcher::set_default(&of_thread.dispatch()));
        })
        .build()
        .unwrap();
    (runtime, log)
}

fn start(endpoint: &str, timeout: Duration, runtime: &Runtime) -> Traces {
    let settings = OtlpSettings {
        endpoint: endpoint.parse().unwrap(),
        service_name: "usher".to_owned(),
        service_version: "1.2.3".to_owned(),
        sample_ratio: 1.0.try_into().unwrap(),
        timeout,
    };
    Traces::start(settings, runtime.handle()).unwrap()
}

fn make_spans(traces: &Traces, count: usize) {
    let layers = tracing_subscriber::registry().with(traces.layer(&["application"]));
    with_default(layers, || {
        for _ in 0..count {
            info_span!(target: "application", "list").in_scope(|| ());
        }
    });
}

/// Fails if the work does not end.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(PATIENCE).expect("it should have ended");
}

/// An address where nobody listens any more.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1/traces", listener.local_addr().unwrap())
});

#[test]
fn a_collector_that_is_gone_holds_nobody_up() {
    let (runtime, log) = runtime();
    let traces = start(&NOBODY, Duration::from_hours(1), &runtime);
    in_time(move || {
        make_spans(&traces, MANY);
        traces.finish();
    });
    drop(runtime);
    let lines = log.lines();
    // One at the first failure, and one at the end for all that came after.
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("WARN telemetry::export: spans do not reach"), "{}", lines[0]);
    assert!(lines[0].contains("refused"), "{}", lines[0]);
    assert!(!lines[0].contains("/v1/traces"), "{}", lines[0]);
    let lost = |line: &String| -> usize {
        let (_, rest) = line.split_once("lost=").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    // Every span was sent in vain, or dropped: none is forgotten.
    assert_eq!(lines.iter().map(lost).sum::<usize>(), MANY);
}

#[test]
fn a_collector_that_never_answers_holds_nobody_up() {
    let (runtime, log) = runtime();
    // The system makes the connection; nobody takes it up.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let traces = start(&endpoint, Duration::from_millis(500), &runtime);
    let farewell = Log::default();
    let last_words = farewell.dispatch();
    in_time(move || {
        make_spans(&traces, MANY);
        // Several batches are waiting, and each of them would take the whole time.
        dispatcher::with_default(&last_words, || traces.finish());
    });
    drop(runtime);
    assert!(log.lines().len() <= 1, "{:#?}", log.lines());
    let lines = farewell.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("the last spans were not sent in time"), "{}", lines[0]);
}

#[test]
fn a_collector_that_refuses_is_complained_of_now_and_then() {
    for status in [307, 400, 429, 500, 503] {
        let (runtime, log) = runtime();
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
fn spans_that_the_collector_throws_away_are_complained_of() {
    let (runtime, log) = runtime();
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
fn spans_go_out_many_at_a_time_and_quietly() {
    let (runtime, log) = runtime();
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
fn spans_that_end_after_the_end_are_nobodys_business() {
    let (runtime, log) = runtime();
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
fn an_export_without_spans_asks_nobody() {
    let (runtime, log) = runtime();
    let collector = Collector::start();
    let traces = start(&collector.endpoint(), PATIENCE, &runtime);
    traces.finish();
    drop(runtime);
    assert_eq!((collector.requests(), log.lines().len()), (0, 0));
}
