//! Panics in the log.

use std::io::Write as _;
use std::time::Duration;

use tracing::dispatcher;

use super::entry;

/// The longest time that a panic waits for its line to be written.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(100);

/// Makes panics log their location without their message, which may contain what a client sent.
///
/// Without a log, as in most commands, the location goes to the standard error stream, after the
/// name of the program.
pub fn set_panic_hook(program: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if dispatcher::has_been_set() {
            tracing::error!(place, "panic");
            // The process may end at once.
            entry::flush(FLUSH_TIMEOUT);
        } else {
            // A stream that accepts nothing leaves no other way to report.
            let _ = writeln!(std::io::stderr(), "{program}: panic at {place}");
        }
    }));
}
