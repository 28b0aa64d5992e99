//! The log.
//!
//! Whatever the settings say, crates that are not Usher's own log nothing below `info`: at `debug`
//! and `trace` HTTP libraries write down headers and bodies, and so tokens and passwords.
//! What of a request or of an answer stands in an event never ends its line.
//!
//! Lines are written by a thread of their own. A log that cannot be written, to a disk that is full
//! or a pipe that nobody reads, costs lines, which are counted, and never a request.

mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level, Metadata, dispatcher};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{FormatFields, MakeWriter, layer};
use tracing_subscriber::layer::{Context, Layer as _, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, registry, reload};

use crate::process::wiring::{OWN_CRATES, Traces};
use crate::settings::{LogFormat, LogSettings};

pub(crate) use writer::{Written, dropped_lines};

/// What is logged, to be changed while the service runs.
pub(crate) struct Filter(Box<dyn Fn(EnvFilter) + Send + Sync>);

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(…)")
    }
}

impl Filter {
    /// Logs from now on what this filter lets through, a directive of `EnvFilter` that was checked.
    pub(crate) fn set(&self, filter: &str) {
        (self.0)(wanted(filter));
    }
}

/// Sends log events to the standard error stream, as long as what is returned is there: it should
/// be the last thing to go.
///
/// Where traces are exported, spans go there too, whatever the filter of the log says.
pub(crate) fn start(settings: &LogSettings, traces: Option<&Traces>) -> (Filter, Written) {
    let (writer, written) = writer::of(std::io::stderr());
    let (dispatch, filter) = dispatch(settings, writer, std::io::stderr().is_terminal(), traces);
    // A second start, as in tests, leaves the first one's choice in force.
    let _ = dispatcher::set_global_default(dispatch);
    (filter, written)
}

/// Lets panics tell where they were, but not what: the message may hold what a client sent.
pub(crate) fn hush_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if dispatcher::has_been_set() {
            tracing::error!(place, "panic");
        } else {
            // A command without a log. Where nobody can be told, nobody is.
            let _ = writeln!(std::io::stderr(), "usher: panic at {place}");
        }
    }));
}

/// Connections that were closed since what came was no HTTP.
static MALFORMED: AtomicU64 = AtomicU64::new(0);

/// How many connections were closed since what came was no HTTP.
pub(crate) fn malformed() -> u64 {
    MALFORMED.load(Ordering::Relaxed)
}

/// Counts what the framework says of such connections, which is all that is heard of them.
struct Malformed;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Malformed {
    fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
        MALFORMED.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_malformed(event: &Metadata<'_>) -> bool {
    event.is_event()
        && *event.level() == Level::ERROR
        && event.target().starts_with("actix_http::h1::dispatcher")
}

/// What is no HTTP at all never reaches the service, and anybody can send it: it is not worth a
/// line at the level of errors each time, unless the settings say so.
fn wanted(filter: &str) -> EnvFilter {
    EnvFilter::new(format!("actix_http::h1=off,{filter}"))
}

fn dispatch<W>(
    settings: &LogSettings,
    writer: W,
    ansi: bool,
    traces: Option<&Traces>,
) -> (Dispatch, Filter)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (wanted, handle) = reload::Layer::new(wanted(&settings.filter));
    let filter = Filter(Box::new(move |wanted| {
        // It fails only where the log is gone, and then nobody minds.
        let _ = handle.reload(wanted);
    }));
    let wanted = wanted.and(filter_fn(may_be_logged));
    let layer = layer().with_ansi(ansi).with_writer(writer);
    let dispatch = match settings.format {
        LogFormat::Text => {
            let layer = layer.fmt_fields(OneLine::default());
            registry()
                .with(Malformed.with_filter(filter_fn(is_malformed)))
                .with(traces.map(|traces| traces.layer(&OWN_CRATES)))
                .with(layer.with_filter(wanted))
                .into()
        }
        LogFormat::Json => {
            // The name of the request is in the outermost.
            let layer = layer.json().with_current_span(false).with_span_list(true);
            registry()
                .with(Malformed.with_filter(filter_fn(is_malformed)))
                .with(traces.map(|traces| traces.layer(&OWN_CRATES)))
                .with(layer.with_filter(wanted))
                .into()
        }
    };
    (dispatch, filter)
}
fn may_be_logged(event: &Metadata<'_>) -> bool {
    let crate_name = event.target().split("::").next().unwrap_or_default();
    *event.level() <= LevelFilter::INFO || OWN_CRATES.contains(&crate_name)
}

/// Fields as usual, but without anything that a terminal would obey or a reader take for the end
/// of the line.
#[derive(Debug, Default)]
struct OneLine(DefaultFields);

impl<'w> FormatFields<'w> for OneLine {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut text = String::new();
        self.0.format_fields(Writer::new(&mut text), fields)?;
        for c in text.chars() {
            if is_steering(c) {
                write!(writer, "{}", c.escape_default())?;
            } else {
                writer.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Control characters, separators of lines and paragraphs, and what turns the direction of text.
fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
