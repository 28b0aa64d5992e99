mod entries;

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Identity;

use super::callsites::Demand;
use super::form::Form;
use super::one_line::is_control;
use super::{LogFilter, LogFormat, LogSettings, dispatch, set_panic_hook, start_log};

const OWN_CRATES: [&str; 5] = ["usher_http", "application", "domain", "ports", "telemetry"];

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct MemoryLog(Arc<Mutex<Vec<u8>>>);

impl io::Write for MemoryLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for MemoryLog {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

fn settings(format: LogFormat, filter: &str) -> LogSettings {
    LogSettings {
        format,
        filter: filter.to_owned(),
        default_directives: "actix_http::h1=off",
        own_crates: &OWN_CRATES,
        entry_kinds: &[],
        request_id: || None,
    }
}

/// A log with these settings, and its filter.
fn start(settings: &LogSettings, ansi: bool) -> (MemoryLog, Dispatch, LogFilter) {
    let log = MemoryLog::default();
    let form = match settings.format {
        LogFormat::Text => Form::Text { ansi },
        LogFormat::Json => Form::Json,
    };
    let demand = Arc::new(Demand::new(LevelFilter::OFF));
    let (dispatch, filter) = dispatch(settings, form, log.clone(), demand, None, Identity::new());
    (log, dispatch, filter)
}

/// Returns what some work logs.
fn log(format: LogFormat, filter: &str, ansi: bool, work: impl FnOnce()) -> String {
    log_with(&settings(format, filter), ansi, work)
}

fn log_with(settings: &LogSettings, ansi: bool, work: impl FnOnce()) -> String {
    let (log, dispatch, _) = start(settings, ansi);
    tracing::dispatcher::with_default(&dispatch, work);
    let text = log.0.lock().clone();
    String::from_utf8(text).unwrap()
}

const FORMATS: [LogFormat; 2] = [LogFormat::Text, LogFormat::Json];

#[test]
fn other_crates_never_log_below_info() {
    for format in FORMATS {
        for filter in ["trace", "trace,h2=trace,reqwest::connect=trace", "[hyper]=trace,info"] {
            let log = log(format, filter, false, || {
                tracing::trace!(target: "h2::codec", "secret-1");
                tracing::debug!(target: "reqwest::connect", "secret-2");
                tracing::debug!(target: "actix_http::h1", "secret-3");
                tracing::trace!(target: "usher_https", "secret-4");
                tracing::debug!(target: "domain_of_others", "secret-5");
                tracing::debug!(target: "", "secret-6");
                tracing::trace_span!(target: "hyper", "secret-7").in_scope(|| {
                    tracing::info!(target: "actix_server::builder", "an-info");
                    tracing::error!(target: "h2", "an-error");
                });
            });
            assert!(!log.contains("secret"), "{filter}: {log}");
            assert!(log.contains("an-info") && log.contains("an-error"), "{filter}: {log}");
        }
    }
}

#[test]
fn own_crates_log_what_the_filter_allows() {
    for format in FORMATS {
        let work = || {
            tracing::trace!(target: "application::passwords", "a-trace");
            tracing::debug!(target: "application", "a-debug");
            tracing::debug!("of this crate");
            tracing::warn!(target: "ports::call", "a-warning");
        };
        let all = log(format, "trace", false, work);
        assert_eq!(all.lines().count(), 4, "{all}");
        let most = log(format, "debug", false, work);
        assert!(!most.contains("a-trace") && most.lines().count() == 3, "{most}");
        let some = log(format, "error,application=debug", false, work);
        assert!(some.contains("a-debug") && some.lines().count() == 1, "{some}");
    }
}

/// Client input that would end a line or control a terminal.
const HOSTILE_TEXTS: [&str; 7] = [
    "a\n2026-01-01T00:00:00Z ERROR forged",
    "a\r\nforged: line",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "a\u{85}b\u{2028}c\u{2029}d",
    "\u{202e}desrever\u{2066}",
    "\0\u{8}\u{7f}\t",
];

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ChainedError(&'static str, #[source] Option<Box<ChainedError>>);

#[test]
fn logged_text_cannot_end_its_line_or_control_a_terminal() {
    for (format, ansi) in
        [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)]
    {
        for text in HOSTILE_TEXTS {
            let error = ChainedError(text, Some(Box::new(ChainedError(text, None))));
            let error = &error as &(dyn std::error::Error + 'static);
            let log = log(format, "info", ansi, || {
                tracing::info!(text, display = %text, debug = ?text, error, "{text}");
            });
            let line = log.strip_suffix('\n').unwrap();
            assert!(!line.contains('\n') && !line.contains('\r'), "{line}");
            match format {
                // The colours of the level are escape sequences of the log itself.
                LogFormat::Text if ansi => assert!(!line.contains(text), "{line}"),
                LogFormat::Text => assert!(!line.contains(is_control), "{line:?}"),
                LogFormat::Json => {
                    let event: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!(event["fields"]["message"], text);
                    assert!(!line.contains('\u{1b}'), "{line:?}");
                }
            }
        }
    }
}

const IN_REQUEST: fn() -> Option<Arc<str>> = || Some("this-one".into());

#[test]
fn event_without_span_has_the_request_id_of_its_task() {
    for (format, ansi) in
        [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)]
    {
        // With a level below `info`, there are spans.
        let with_spans = log(format, "debug", ansi, || {
            tracing::info_span!("request", request_id = "this-one").in_scope(event);
        });
        let settings = LogSettings { request_id: IN_REQUEST, ..settings(format, "info") };
        let without_spans = log_with(&settings, ansi, || {
            tracing::info_span!("request", request_id = "this-one").in_scope(event);
        });
        assert_eq!(without_time(&without_spans), without_time(&with_spans));
        assert!(without_spans.contains("this-one"), "{without_spans}");
    }
}

fn event() {
    tracing::warn!(name = "value", "a \"message\"");
}

/// The digits of the time are the only ones in these lines.
fn without_time(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[test]
fn event_of_no_request_has_no_request_id() {
    for format in FORMATS {
        let log = log(format, "info", false, event);
        assert!(!log.contains("request"), "{log}");
        let settings = LogSettings { request_id: IN_REQUEST, ..settings(format, "info") };
        let log = log_with(&settings, false, || tracing::warn!(parent: None, "root"));
        assert!(!log.contains("request"), "{log}");
    }
}

#[test]
fn spans_exist_only_where_the_log_shows_them() {
    let is_made = || !tracing::info_span!(target: "application", "use_case").is_disabled();
    for (directives, expected) in [
        ("info", false),
        ("warn", false),
        ("usher_http::access=info", false),
        ("debug", true),
        ("info,application=debug", true),
        ("info,[use_case]=warn", true),
    ] {
        let (_, dispatch, filter) = start(&settings(LogFormat::Text, directives), false);
        tracing::dispatcher::with_default(&dispatch, || {
            assert_eq!(is_made(), expected, "{directives}");
            // The filter changes while the service runs.
            filter.set("debug");
            assert!(is_made());
            filter.set("info");
            assert!(!is_made());
        });
    }
}

/// The last argument of the child process of the test below.
const CHILD: &str = "panic-in-a-child-process";
const PANIC: &str = "planted-in-a-panic";

/// The hook is that of a whole process, and so runs in a child process: this test, started again.
#[test]
fn panic_logs_its_location_without_its_message() {
    let name = "log::tests::panic_logs_its_location_without_its_message";
    if std::env::args().any(|argument| argument == CHILD) {
        set_panic_hook("usher");
        // Once without a log, as in most commands, and once with one.
        for format in [None, Some(LogFormat::Json)] {
            let _log =
                format.map(|format| start_log(&settings(format, "trace"), None, Identity::new()));
            let panicked = std::thread::spawn(|| panic!("{PANIC}")).join();
            assert!(panicked.is_err());
        }
        return;
    }
    let this = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(this);
    let output = child.args(["--exact", name, "--nocapture", CHILD]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains(PANIC), "{stderr}");
    assert!(
        stderr.contains("usher: panic at ") && stderr.contains("\"message\":\"panic\""),
        "{stderr}"
    );
    assert_eq!(stderr.matches(file!()).count(), 2, "{stderr}");
}
