//! The log of the service: which crates are its own, and what the web framework may log.

use ports::CallContext;
use telemetry::{EntryKind, LogFilter, LogGuard, Traces};

use crate::process::wiring::OWN_CRATES;
use crate::server::access_log::ACCESS_LOG;
use crate::server::malformed_requests;
use crate::settings::{LogFormat, LogSettings};

/// Anybody can send malformed HTTP, which never reaches the service: it is not worth an error in the
/// log each time, unless the settings have another directive for this target.
const DEFAULT_DIRECTIVES: &str = "actix_http::h1=off";

const ENTRY_KINDS: &[&EntryKind] = &[&ACCESS_LOG];

/// Starts the log of the process, and the export of spans if there are traces.
pub(crate) fn start(settings: &LogSettings, traces: Option<&Traces>) -> (LogFilter, LogGuard) {
    let settings = telemetry::LogSettings {
        format: match settings.format {
            LogFormat::Text => telemetry::LogFormat::Text,
            LogFormat::Json => telemetry::LogFormat::Json,
        },
        filter: settings.filter.clone(),
        default_directives: DEFAULT_DIRECTIVES,
        own_crates: &OWN_CRATES,
        entry_kinds: ENTRY_KINDS,
        request_id: CallContext::current_request_id,
    };
    telemetry::start_log(&settings, traces, malformed_requests::counting_layer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_crates_contain_every_crate_of_the_workspace() {
        let source = env!("CARGO_PKG_NAME");
        assert_eq!(source, "http-actix", "its library and its binary have names of their own");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap().replace('-', "_");
            // The stand-in is a program of its own, and only tests use the other three.
            let others =
                ["http_actix", "auth0_sim", "conformance", "fuzz_targets", "postgres_testkit"];
            if !others.contains(&name.as_str()) {
                assert!(OWN_CRATES.contains(&name.as_str()), "{name}");
            }
        }
        assert!(OWN_CRATES.contains(&module_path!().split("::").next().unwrap()));
    }
}
