use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::{OWN_CRATES, dispatch};
use crate::settings::{LogFormat, LogSettings};

/// A log that is kept.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What is logged of what happens.
fn log(format: LogFormat, filter: &str, ansi: bool, happens: impl FnOnce()) -> String {
    let kept = Kept::default();
    let settings = LogSettings { format, filter: filter.to_owned() };
    let (dispatch, _) = dispatch(&settings, kept.clone(), ansi, None);
    tracing::dispatcher::with_default(&dispatch, happens);
    String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
}

const FORMATS: [LogFormat; 2] = [LogFormat::Text, LogFormat::Json];

#[test]
fn what_others_say_below_info_is_never_logged() {
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
fn what_usher_says_is_logged_as_far_as_the_settings_say() {
    for format in FORMATS {
        let happens = || {
            tracing::trace!(target: "application::passwords", "a-trace");
            tracing::debug!(target: "application", "a-debug");
            tracing::debug!("of this crate");
            tracing::warn!(target: "ports::call", "a-warning");
        };
        let all = log(format, "trace", false, happens);
        assert_eq!(all.lines().count(), 4, "{all}");
        let most = log(format, "debug", false, happens);
        assert!(!most.contains("a-trace") && most.lines().count() == 3, "{most}");
        let some = log(format, "error,application=debug", false, happens);
        assert!(some.contains("a-debug") && some.lines().count() == 1, "{some}");
    }
}

#[test]
fn every_crate_of_usher_is_known_to_be_one() {
    let source = env!("CARGO_PKG_NAME");
    assert_eq!(source, "http-actix", "its library and its binary are among them by their names");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap().replace('-', "_");
        // The stand-in is a program of its own, and the conformance suite never part of one.
        if !["http_actix", "auth0_sim", "conformance"].contains(&name.as_str()) {
            assert!(OWN_CRATES.contains(&name.as_str()), "{name}");
        }
    }
    assert!(OWN_CRATES.contains(&module_path!().split("::").next().unwrap()));
}

/// What a client may send, and what it would do to a log.
const NASTY: [&str; 7] = [
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
struct Said(&'static str, #[source] Option<Box<Said>>);

#[test]
fn nothing_that_is_logged_ends_its_line_or_steers_a_terminal() {
    for (format, ansi) in
        [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)]
    {
        for nasty in NASTY {
            let error = Said(nasty, Some(Box::new(Said(nasty, None))));
            let error = &error as &(dyn std::error::Error + 'static);
            let log = log(format, "info", ansi, || {
                tracing::info!(text = nasty, shown = %nasty, debug = ?nasty, error, "{nasty}");
            });
            let line = log.strip_suffix('\n').unwrap();
            assert!(!line.contains('\n') && !line.contains('\r'), "{line}");
            match format {
                // The colours of the level and the like are the log's own.
                LogFormat::Text if ansi => assert!(!line.contains(nasty), "{line}"),
                LogFormat::Text => assert!(!line.contains(super::is_steering), "{line:?}"),
                LogFormat::Json => {
                    let event: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!(event["fields"]["message"], nasty);
                    assert!(!line.contains('\u{1b}'), "{line:?}");
                }
            }
        }
    }
}

/// What the test below gives to the process that it starts.
const CHILD: &str = "panic-in-a-process-of-its-own";
const PANIC: &str = "planted-in-a-panic";

/// A hook is for the whole process, and so is tried in one of its own: this test, started again.
#[test]
fn a_panic_tells_where_it_was_and_not_what_it_said() {
    let name = "telemetry::tests::a_panic_tells_where_it_was_and_not_what_it_said";
    if std::env::args().any(|argument| argument == CHILD) {
        super::hush_panics();
        // Once without a log, as in most commands, and once with one.
        for format in [None, Some(LogFormat::Json)] {
            let _log = format.map(|format| {
                super::start(&LogSettings { format, filter: "trace".to_owned() }, None)
            });
            let panicked = std::thread::spawn(|| panic!("{PANIC}")).join();
            assert!(panicked.is_err());
        }
        return;
    }
    let this = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(this);
    let output = child.args(["--exact", name, "--nocapture", CHILD]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(PANIC), "{said}");
    assert!(said.contains("usher: panic at ") && said.contains("\"message\":\"panic\""), "{said}");
    assert_eq!(said.matches(file!()).count(), 2, "{said}");
}
