//! Entries that are written without `tracing` are like its events.

use tracing::Level;

use super::super::entry::EntryKind;
use super::super::form::Form;
use super::{HOSTILE_TEXTS, log, log_with, settings, start};
use crate::log::{LogFormat, LogSettings};

static REQUESTS: EntryKind =
    EntryKind::new("usher_http::access", "request", &["request_id", "status"]);

const KINDS: &[&EntryKind] = &[&REQUESTS];

const FORMS: [(LogFormat, bool); 3] =
    [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)];

/// Returns the line without its time.
fn without_time(line: &str) -> String {
    let (start, rest) = line.split_once("20").unwrap();
    format!("{start}{}", rest.split_once('Z').unwrap().1)
}

#[test]
fn entry_has_the_form_of_an_event() {
    const MESSAGE: &str = "request";
    for (format, ansi) in FORMS {
        let form = match format {
            LogFormat::Text => Form::Text { ansi },
            LogFormat::Json => Form::Json,
        };
        for (text, thousandths) in
            HOSTILE_TEXTS.into_iter().zip([0, 1, 10, 100, 1400, 12_000, 4_294_967_295])
        {
            #[expect(clippy::cast_precision_loss, reason = "as the service did before")]
            let duration_ms = thousandths as f64 / 1e3;
            let (number, absent) = (0x0123_u64, None::<&str>);
            let event = log(format, "trace", ansi, || {
                tracing::warn!(
                    target: "usher_http::access",
                    parent: None,
                    text,
                    plain = "GET /é",
                    absent,
                    display = %text,
                    status = 200_u16,
                    caller = format!("{number:016x}"),
                    duration_ms,
                    "{MESSAGE}"
                );
            });
            let mut entry = Vec::new();
            form.push_entry(&mut entry, Level::WARN, "usher_http::access", MESSAGE, |fields| {
                fields.text("text", text);
                fields.text("plain", "GET /é");
                fields.display("display", text);
                fields.number("status", 200);
                fields.hex("caller", number);
                fields.thousandths("duration_ms", thousandths);
            });
            let entry = String::from_utf8(entry).unwrap();
            assert_eq!(without_time(&entry), without_time(&event));
        }
    }
}

#[test]
fn levels_of_entries_have_their_names_and_colours() {
    for (format, ansi) in FORMS {
        let form = match format {
            LogFormat::Text => Form::Text { ansi },
            LogFormat::Json => Form::Json,
        };
        let events = log(format, "trace", ansi, || {
            tracing::error!(target: "ports", "it");
            tracing::warn!(target: "ports", "it");
            tracing::info!(target: "ports", "it");
            tracing::debug!(target: "ports", "it");
            tracing::trace!(target: "ports", "it");
        });
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
        for (level, event) in levels.into_iter().zip(events.lines()) {
            let mut entry = Vec::new();
            form.push_entry(&mut entry, level, "ports", "it", |_| ());
            let entry = String::from_utf8(entry).unwrap();
            assert_eq!(without_time(entry.trim_end()), without_time(event));
        }
    }
}

/// An event with the target and the fields of the entries, at each level.
fn events() {
    let (request_id, status) = ("abc", 200);
    tracing::error!(target: "usher_http::access", parent: None, request_id, status, "request");
    tracing::warn!(target: "usher_http::access", parent: None, request_id, status, "request");
    tracing::info!(target: "usher_http::access", parent: None, request_id, status, "request");
    tracing::debug!(target: "usher_http::access", parent: None, request_id, status, "request");
    tracing::trace!(target: "usher_http::access", parent: None, request_id, status, "request");
}

#[test]
fn filter_selects_entries_as_it_selects_events() {
    let with_entries =
        |filter: &str| LogSettings { entry_kinds: KINDS, ..settings(LogFormat::Text, filter) };
    let (_, _, reloaded) = start(&with_entries("off"), false);
    for filter in [
        "",
        "off",
        "error",
        "info",
        "trace",
        "info,usher_http::access=off",
        "info,usher_http=warn",
        "usher_http::access=debug",
        "usher_http::acc=debug",
        "usher_http::access::x=debug",
        "warn,[{status}]=debug",
        "warn,[{other}]=debug",
        "warn,usher_http[{request_id}]=trace",
        "warn,[request]=debug",
        "warn,[request{request_id=abc}]=trace",
        "application=trace",
    ] {
        let events = log_with(&settings(LogFormat::Text, filter), false, events);
        reloaded.set(filter);
        for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
            let is_logged = events.contains(&format!("{level} usher_http::access"));
            assert_eq!(REQUESTS.is_written_at(level), is_logged, "{filter} {level}: {events}");
        }
    }
}
