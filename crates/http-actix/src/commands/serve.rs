//! `usher serve`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use domain::TenantId;
use ports::{Clock as _, SystemClock};

use super::{CommandResult, ConfigFile, print};
use crate::process::dev_mode::{self, DevKey, DevKeyError, Grant};
use crate::process::reload::Reloader;
use crate::process::serve::Server;
use crate::process::signals::Signals;
use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring::{self, Traces};
use crate::settings::{self, Baseline, DirectorySettings, Settings, Source};
use crate::telemetry::{self, Written};
use token_verifier::TrustedIssuers;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,
    /// Development mode: demo tenants and a token issuer of its own. Reads no file.
    #[arg(long, conflicts_with = "config")]
    dev: bool,
    /// Where to listen, instead of where the settings say.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Lets development mode listen where other machines can reach it.
    #[arg(long, requires = "dev")]
    allow_remote: bool,
}

pub(super) fn run(options: &Options) -> CommandResult {
    // Each connection takes two file descriptors; systems give few unless asked.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let upstream = UpstreamRuntime::new()?;
    // First of all: a signal that comes before would end the process.
    let signals = {
        let _within = upstream.runtime().enter();
        Signals::new()?
    };
    let source =
        if options.dev { Source::Development } else { Source::File(options.file.config.clone()) };
    let (mut settings, baseline) = match &source {
        Source::Development => (settings::load_development()?, Baseline::empty()),
        Source::File(_) => source.load()?,
    };
    if let Some(listen) = options.listen {
        settings.http.listen = listen;
    }
    // The generator gathers entropy when it is first asked, which takes tens of milliseconds: not
    // at the cost of the first request that needs it.
    upstream.runtime().spawn_blocking(|| aws_lc_rs::rand::fill(&mut [0]));
    let traces = wiring::traces(&settings, &upstream)?;
    let (filter, written) = telemetry::start(&settings.log, traces.as_ref());
    let reloading = Reloader::new(source, baseline, filter);
    let around = Around { upstream, traces, reloading, signals, written };
    if options.dev {
        develop(settings, options.allow_remote, around)
    } else {
        serve(settings, around)
    }
}

/// What there is around a service, before it and after it.
struct Around {
    upstream: UpstreamRuntime,
    traces: Option<Traces>,
    reloading: Reloader,
    signals: Signals,
    /// The log, to the very end.
    written: Written,
}

fn serve(settings: Settings, around: Around) -> CommandResult {
    let upstream = &around.upstream;
    let backend = wiring::wire(&settings, upstream)?;
    let server = Server::bind(settings, backend)?;
    let admin = server.admin_address().map(tracing::field::display);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(address = %server.address(), admin, version, "serving");
    run_to_the_end(server, around)
}

/// Serves until it is told to stop, and lets what goes out come to its end then.
fn run_to_the_end(server: Server, around: Around) -> CommandResult {
    let Around { upstream, traces, reloading, signals, written } = around;
    let ended = actix_web::rt::System::new().block_on(server.run(signals, reloading));
    upstream.finish(|| {
        if let Some(traces) = traces {
            traces.finish();
        }
    });
    drop(written);
    Ok(ended?)
}

fn develop(mut settings: Settings, allow_remote: bool, around: Around) -> CommandResult {
    if !settings.http.listen.ip().is_loopback() && !allow_remote {
        let listen = settings.http.listen;
        return Err(format!(
            "development mode gives tokens away and so listens on loopback only, not on {listen}; \
             say --allow-remote if that is what you want"
        )
        .into());
    }
    settings.issuers = TrustedIssuers::new(vec![dev_mode::issuer()?]);
    let key = development_key()?;
    let backend = wiring::wire_dev(&settings, &around.upstream, key.public())?;
    let acme: TenantId = "acme".parse()?;
    let token = key.mint(&Grant::everything(vec![acme], 24 * 3600), SystemClock.now())?;
    let kept = match settings.directory {
        DirectorySettings::Memory { .. } => "kept in memory",
        DirectorySettings::Auth0(_) => "kept in a stand-in for Auth0",
    };
    let server = Server::bind(settings, backend)?;
    // Where nobody reads it, it is served all the same.
    let _ = print(&welcome(&server, kept, &token));
    run_to_the_end(server, around)
}

/// Where the development key is kept, so that `usher token` signs with the same one.
pub(super) fn key_file() -> Option<PathBuf> {
    settings::state_folder().map(|folder| folder.join("usher/development-key.pk8"))
}

/// The kept key; where nothing can be kept, as in a container, one that goes with the process.
fn development_key() -> Result<DevKey, DevKeyError> {
    match key_file().map(|file| DevKey::kept_in(&file)) {
        Some(Ok(key)) => Ok(key),
        Some(Err(DevKeyError::File(error))) => {
            tracing::warn!(%error, "no place to keep the development key; usher token will not work");
            DevKey::fleeting()
        }
        None => DevKey::fleeting(),
        Some(Err(error)) => Err(error),
    }
}

fn welcome(server: &Server, kept: &str, token: &str) -> String {
    let url = server.public_url();
    format!(
        "\
Usher serves {url} in development mode: demo tenants acme and globex, {kept}.
Every call needs a token; this one covers acme for a day (more by `usher token --help`).

The back office's API, the users of acme:

  curl -H 'Authorization: Bearer {token}' {url}/api/acme/admin/users

The User Management API, page by page:

  curl -g -H 'Authorization: Bearer {token}' '{url}/api/v1/users?filter[tenant]=acme&page[size]=2'

All operations, to read and to try: {url}/docs/"
    )
}
