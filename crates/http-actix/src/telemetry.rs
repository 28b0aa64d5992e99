//! The log.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Sends log events to the standard error stream, and panics to the log.
pub(crate) fn start(settings: &LogSettings) {
    // What is no HTTP at all never reaches the service, and anybody can send it: it is not worth
    // a line at the level of errors each time, unless the settings say so.
    let filter = EnvFilter::new(format!("actix_http::h1=off,{}", settings.filter));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second start, as in tests, leaves the first one's choice in force.
    let _ = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        // Where, but not what: the message may hold what a client sent.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
