//! `usher serve`

use std::net::SocketAddr;

use clap::Args;
use domain::TenantId;
use ports::{Clock as _, SystemClock};

use super::output::{CommandResult, ConfigFile, print, socket_address};
use crate::process::dev_mode::{self, Grant};
use crate::process::log;
use crate::process::reload::Reloader;
use crate::process::serve::Server;
use crate::process::signals::Signals;
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring;
use crate::process::wiring_error::WiringError;
use crate::settings::{self, Baseline, DirectorySettings, InvalidSettings, Settings, Source};
use telemetry::{LogGuard, Traces};
use token_verifier::TrustedIssuers;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Development mode: demo tenants and its own token issuer; reads no settings file
    #[arg(long, conflicts_with = "config")]
    dev: bool,
    /// Address to listen on; overrides the settings
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = socket_address)]
    listen: Option<SocketAddr>,
    /// Allow development mode on an address that other machines can reach
    #[arg(long, requires = "dev")]
    allow_remote: bool,
}

pub(super) fn run(options: &Options) -> CommandResult {
    // Each connection uses two file descriptors, and the default limit is low.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let upstream = UpstreamRuntime::new()?;
    // Before anything slow: until the handlers are installed, a signal ends the process.
    let signals = {
        let _guard = upstream.runtime().enter();
        Signals::new()?
    };
    let source =
        if options.dev { Source::Development } else { Source::File(options.file.config.clone()) };
    let (mut settings, baseline) = match &source {
        Source::Development => (settings::load_development()?, Baseline::empty()),
        Source::File(_) => load(&source, &upstream)?,
    };
    if let Some(listen) = options.listen {
        settings.http.listen = listen;
    }
    // The first call gathers entropy for tens of milliseconds, which would delay the first request
    // over TLS. Nothing else needs it.
    if wiring::uses_tls(&settings) {
        upstream.runtime().spawn_blocking(|| aws_lc_rs::rand::fill(&mut [0]));
    }
    let traces = wiring::traces(&settings, &upstream);
    let traces = traces.map_err(|error| all_errors(error, &settings, &upstream))?;
    let (filter, log_guard) = log::start(&settings.log, traces.as_ref());
    for reason in settings::ignored_variables() {
        tracing::warn!(reason, "environment variable ignored");
    }
    let reloader = Reloader::new(source, baseline, filter);
    let context = Context { upstream, traces, reloader, signals, log_guard };
    if options.dev {
        serve_dev(settings, options.allow_remote, context)
    } else {
        serve(settings, context)
    }
}

/// Loads settings of which the adapters too accept every value.
///
/// # Errors
/// When the settings are invalid; all errors.
fn load(
    source: &Source,
    upstream: &UpstreamRuntime,
) -> Result<(Settings, Baseline), InvalidSettings> {
    let mut draft = source.draft()?;
    if !draft.is_valid() {
        draft.add(wiring::check(draft.settings(), upstream).errors);
    }
    draft.finish()
}

/// The parts of the process that outlive the server.
struct Context {
    upstream: UpstreamRuntime,
    traces: Option<Traces>,
    reloader: Reloader,
    signals: Signals,
    /// Flushes the log when it is dropped, as the last of all.
    log_guard: LogGuard,
}

/// Returns all that the adapters refuse, of which the wiring has found the first.
fn all_errors(
    first: WiringError,
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> InvalidSettings {
    let errors = wiring::check(settings, upstream).errors;
    // A file may have changed meanwhile.
    if errors.is_empty() { first.into() } else { InvalidSettings::all(errors) }
}

fn serve(settings: Settings, context: Context) -> CommandResult {
    let backend = wiring::wire(&settings, &context.upstream)
        .map_err(|error| all_errors(error, &settings, &context.upstream))?;
    let server = Server::bind(settings, backend)?;
    let admin = server.admin_address().map(tracing::field::display);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(address = %server.address(), admin, version, "serving");
    run_server(server, context)
}

/// Serves until shutdown, and then finishes writes and the export of traces.
fn run_server(server: Server, context: Context) -> CommandResult {
    let Context { upstream, traces, reloader, signals, log_guard } = context;
    let result = actix_web::rt::System::new().block_on(server.run(signals, reloader));
    upstream.finish(|| {
        if let Some(traces) = traces {
            traces.finish();
        }
    });
    drop(log_guard);
    Ok(result?)
}

fn serve_dev(mut settings: Settings, allow_remote: bool, context: Context) -> CommandResult {
    if !settings.http.listen.ip().is_loopback() && !allow_remote {
        let listen = settings.http.listen;
        return Err(format!(
            "development mode gives tokens to anyone, and so listens on loopback only, not on \
             {listen}; --allow-remote permits it"
        )
        .into());
    }
    // Applications under development are served by tools on the same machine.
    settings.http.cors_origins.loopback = true;
    settings.issuers = TrustedIssuers::new(dev_mode::issuers()?);
    let key = dev_mode::key()?;
    let backend = wiring::wire_dev(&settings, &context.upstream, &key.public())?;
    let acme: TenantId = "acme".parse()?;
    let token = key.sign(&Grant::all(vec![acme], 24 * 3600), SystemClock.now())?;
    let storage = match settings.directory {
        DirectorySettings::Memory { .. } => "stored in memory",
        DirectorySettings::Auth0(_) => "stored in a stand-in for Auth0",
        DirectorySettings::Postgres(_) => "stored in PostgreSQL, without demo users",
    };
    let server = Server::bind(settings, backend)?;
    // A closed standard output does not stop the service.
    let _ = print(&welcome(&server, storage, &token));
    run_server(server, context)
}

fn welcome(server: &Server, storage: &str, token: &str) -> String {
    let url = server.public_url();
    format!(
        "\
Usher serves {url} in development mode: demo tenants acme and globex, {storage}.
Every request needs a token. This one covers acme for a day; `usher token --help` shows how to get
others, such as those of operators and of single users.

List the users of acme with the back office API:

  curl -H 'Authorization: Bearer {token}' {url}/api/acme/admin/users

List them page by page with the User Management API:

  curl -g -H 'Authorization: Bearer {token}' '{url}/api/v1/users?filter[tenant]=acme&page[size]=2'

All operations, in Swagger UI: {url}/docs/"
    )
}
