//! The log: events of `tracing`, one line each, on the standard error stream.
//!
//! Whatever the filter says, crates other than the service's own log nothing below `info`: at
//! `debug` and `trace`, HTTP libraries log headers and bodies, and so tokens and passwords.
//! Values from requests and responses cannot end a line.
//!
//! A separate thread writes the lines. If the stream accepts none, as on a full disk or an unread
//! pipe, lines are lost and counted, and no request waits.

mod one_line;
mod panic_hook;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Metadata, dispatcher};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry, registry, reload};

use self::one_line::OneLineFields;
use crate::traces::Traces;

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
/// layer gets all events, filtered or not.
pub fn start_log<L>(
    settings: &LogSettings,
    traces: Option<&Traces>,
    extra: L,
) -> (LogFilter, LogGuard)
where
    L: Layer<Registry> + Send + Sync,
{
    let (writer, guard) = writer::non_blocking(std::io::stderr());
    let ansi = std::io::stderr().is_terminal();
    let (dispatch, filter) = dispatch(settings, writer, ansi, traces, extra);
    // A second start, as in tests, leaves the first log in place.
    let _ = dispatcher::set_global_default(dispatch);
    (filter, guard)
}

fn dispatch<W, L>(
    settings: &LogSettings,
    writer: W,
    ansi: bool,
    traces: Option<&Traces>,
    extra: L,
) -> (Dispatch, LogFilter)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    L: Layer<Registry> + Send + Sync,
{
    let LogSettings { default_directives, own_crates, .. } = *settings;
    let env_filter = move |filter: &str| EnvFilter::new(format!("{default_directives},{filter}"));
    let (wanted, handle) = reload::Layer::new(env_filter(&settings.filter));
    let filter = LogFilter(Box::new(move |filter| {
        // It fails only after the log has ended.
        let _ = handle.reload(env_filter(filter));
    }));
    let is_allowed = move |event: &Metadata<'_>| {
        let crate_name = event.target().split("::").next().unwrap_or_default();
        *event.level() <= LevelFilter::INFO || own_crates.contains(&crate_name)
    };
    let wanted = wanted.and(filter_fn(is_allowed));
    let layers = registry().with(extra).with(traces.map(|traces| traces.layer(own_crates)));
    let layer = layer().with_ansi(ansi).with_writer(writer);
    let dispatch = match settings.format {
        LogFormat::Text => {
            layers.with(layer.fmt_fields(OneLineFields::default()).with_filter(wanted)).into()
        }
        LogFormat::Json => {
            // The outermost span has the id of the request.
            let layer = layer.json().with_current_span(false).with_span_list(true);
            layers.with(layer.with_filter(wanted)).into()
        }
    };
    (dispatch, filter)
}
