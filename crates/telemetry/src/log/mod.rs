//! The log: events of `tracing`, one line each, on the standard error stream.
//!
//! Whatever the filter says, crates other than the service's own log nothing below `info`: at
//! `debug` and `trace`, HTTP libraries log headers and bodies, and so tokens and passwords.
//! Values from requests and responses cannot end a line.
//!
//! A separate thread writes the lines, many at once. If the stream accepts none, as on a full disk
//! or an unread pipe, lines are lost and counted, and no request waits.
//!
//! Entries that every request writes do not pass through `tracing`: `entry.rs` writes them in the
//! same form, and asks the same filter once each time that it changes.

mod callsites;
mod entry;
mod escape;
mod events;
mod form;
mod one_line;
mod panic_hook;
mod queue;
mod timestamp;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Metadata, dispatcher};
use tracing_subscriber::filter::{FilterExt as _, FilterFn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry, registry, reload};

use self::callsites::{CallsiteFilter, Demand};
use self::events::{JsonEvents, TextEvents};
use self::form::Form;
use self::one_line::OneLineFields;
use crate::traces::Traces;

pub use self::entry::{EntryKind, spans_are_logged};
pub use self::form::EntryFields;
pub use self::panic_hook::set_panic_hook;
pub use self::writer::LogGuard;
pub(crate) use self::writer::dropped_lines;

/// What the log contains, and in which form.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// A valid filter in the syntax of [`EnvFilter`].
    pub filter: String,
    /// Directives that apply unless `filter` has others for the same targets.
    pub default_directives: &'static str,
    /// The crates that may log below `info`, as the first part of an event's target.
    pub own_crates: &'static [&'static str],
    /// The kinds of entries that are written without `tracing`.
    pub entry_kinds: &'static [&'static EntryKind],
    /// Returns the id of the request that the current task works for, for events without a span.
    pub request_id: fn() -> Option<Arc<str>>,
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// Changes the filter of the running log.
pub struct LogFilter(Box<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogFilter(…)")
    }
}

impl LogFilter {
    /// Replaces the filter by another valid one.
    pub fn set(&self, filter: &str) {
        (self.0)(filter);
    }
}

/// Starts the log of the process. It ends when the returned guard is dropped, which should happen
/// last.
///
/// Spans go to the collector if there are traces, whatever the filter of the log says. The extra
/// layer gets all events up to its own level hint, filtered or not.
pub fn start_log<L>(
    settings: &LogSettings,
    traces: Option<&Traces>,
    extra: L,
) -> (LogFilter, LogGuard)
where
    L: Layer<Registry> + Send + Sync,
{
    let (writer, guard) = writer::non_blocking(std::io::stderr());
    let form = match settings.format {
        LogFormat::Text => Form::Text { ansi: std::io::stderr().is_terminal() },
        LogFormat::Json => Form::Json,
    };
    let others = traces.map_or(LevelFilter::OFF, |_| LevelFilter::INFO);
    let others = extra.max_level_hint().unwrap_or(LevelFilter::TRACE).max(others);
    let demand = Arc::new(Demand::new(others));
    // A second start, as in tests, leaves the first log in place.
    let is_first = entry::start(writer.clone(), form, Arc::clone(&demand));
    let entry_kinds = if is_first { settings.entry_kinds } else { &[] };
    let settings = LogSettings { entry_kinds, ..settings.clone() };
    let (dispatch, filter) = dispatch(&settings, form, writer, demand, traces, extra);
    let _ = dispatcher::set_global_default(dispatch);
    (filter, guard)
}

fn dispatch<W, L>(
    settings: &LogSettings,
    form: Form,
    writer: W,
    demand: Arc<Demand>,
    traces: Option<&Traces>,
    extra: L,
) -> (Dispatch, LogFilter)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    L: Layer<Registry> + Send + Sync,
{
    let LogSettings { default_directives, own_crates, entry_kinds, request_id, .. } = *settings;
    let is_allowed = move |event: &Metadata<'_>| {
        let crate_name = event.target().split("::").next().unwrap_or_default();
        *event.level() <= LevelFilter::INFO || own_crates.contains(&crate_name)
    };
    let callsites = CallsiteFilter::new(Arc::clone(&demand), traces.is_some(), request_id);
    let env_filter = move |filter: &str| {
        let directives = format!("{default_directives},{filter}");
        let filter = EnvFilter::new(&directives);
        demand.set_log(&directives, &filter);
        for kind in entry_kinds {
            kind.select(|metadata| {
                let interest = Layer::<Registry>::register_callsite(&filter, metadata);
                // The entries are in no span, by which `sometimes` would be decided.
                interest.is_always() && is_allowed(metadata)
            });
        }
        filter
    };
    let (wanted, handle) = reload::Layer::new(env_filter(&settings.filter));
    let filter = LogFilter(Box::new(move |filter| {
        // It fails only after the log has ended.
        let _ = handle.reload(env_filter(filter));
    }));
    let is_allowed = FilterFn::new(is_allowed).with_max_level_hint(LevelFilter::TRACE);
    let wanted = wanted.and(is_allowed);
    let layers = registry().with(extra).with(traces.map(|traces| traces.layer(own_crates)));
    let layer = layer().with_writer(writer);
    let dispatch = match form {
        Form::Text { ansi } => {
            let layer = layer.with_ansi(ansi).fmt_fields(OneLineFields::default());
            let layer = layer.event_format(TextEvents::new(request_id, ansi));
            layers.with(layer.with_filter(wanted)).with(callsites).into()
        }
        Form::Json => {
            let layer = layer.json().event_format(JsonEvents::new(request_id));
            layers.with(layer.with_filter(wanted)).with(callsites).into()
        }
    };
    (dispatch, filter)
}
