//! The binary `auth0-sim`: runs a stand-in for Auth0 until SIGTERM or ctrl-c.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use auth0_sim::{Client, Config, Connection, Sim, Tls};
use clap::Parser;
use serde_json::Value;
use tokio::signal;

/// A stateful stand-in for Auth0.
///
/// All state is in memory. The control routes below /__sim/ need no credentials: do not expose the
/// port to a network.
#[derive(Parser)]
#[command(name = "auth0-sim", version)]
struct Options {
    /// Address to listen on; port 0 selects a free port
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Serve TLS, with a certificate for localhost signed by a temporary authority
    #[arg(long)]
    tls: bool,
    /// Write the authority's certificate to this file (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// An additional name for the certificate
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Vec<String>,
    /// Issuer of tokens, ending in a slash [default: the URL of the stand-in]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Client id of the application
    #[arg(long, value_name = "ID", default_value = "usher")]
    client_id: String,
    /// Client secret of the application
    #[arg(long, value_name = "SECRET", default_value = "usher-secret")]
    client_secret: String,
    /// Name of the database connection
    #[arg(long, value_name = "NAME", default_value = "Username-Password-Authentication")]
    connection: String,
    /// Load users from this file: one JSON object per line, plus "password"
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Delay of the search index in milliseconds
    #[arg(long, value_name = "MILLIS", default_value_t = 0)]
    lag_ms: u64,
    /// Latency added to every request, in milliseconds
    #[arg(long, value_name = "MILLIS", default_value_t = 0)]
    latency_ms: u64,
}

/// The reason why the stand-in cannot start.
struct StartupError(String);

impl StartupError {
    fn new(subject: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self(format!("{subject}: {message}"))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartupError(message)) => {
            print_error(&message);
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), StartupError> {
    let mut config = Config {
        listen: options.listen,
        issuer: options.issuer.clone(),
        clients: vec![Client {
            id: options.client_id.clone(),
            secret: options.client_secret.clone(),
            ..Client::default()
        }],
        connections: vec![Connection { name: options.connection.clone(), ..Connection::default() }],
        ..Config::default()
    };
    config.switches.search_lag_millis = options.lag_ms;
    config.switches.latency_millis = options.latency_ms;
    if options.tls {
        let tls = Tls::generate_for(&options.tls_name)
            .map_err(|error| StartupError::new("cannot generate the certificate", error))?;
        config.tls = Some(tls);
    }
    let stop = stop_signal()?;
    let sim = Sim::start(config).await.map_err(|error| {
        let message =
            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        StartupError::new(&error, message)
    })?;
    if let (Some(file), Some(pem)) = (&options.ca_out, sim.ca_pem()) {
        std::fs::write(file, pem).map_err(|error| StartupError::new(file.display(), error))?;
    }
    if let Some(file) = &options.seed {
        seed(&sim, file)?;
    }
    print_line(&format!("url            {}", sim.url()));
    print_line(&format!("client id      {}", options.client_id));
    print_line(&format!("client secret  {}", options.client_secret));
    print_line(&format!("connection     {}", options.connection));
    stop.await;
    sim.stop().await;
    Ok(())
}

fn seed(sim: &Sim, file: &PathBuf) -> Result<(), StartupError> {
    let line_error = |line: usize, message: &dyn fmt::Display| {
        StartupError::new(format_args!("{} line {line}", file.display()), message)
    };
    let text =
        std::fs::read_to_string(file).map_err(|error| StartupError::new(file.display(), error))?;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let user: Value =
            serde_json::from_str(line).map_err(|error| line_error(index + 1, &error))?;
        sim.control().seed(user).map_err(|error| line_error(index + 1, &error))?;
    }
    Ok(())
}

/// Registers handlers for SIGTERM and ctrl-c. The future completes on either.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, StartupError> {
    use signal::unix::{SignalKind, signal};
    let listen =
        |kind| signal(kind).map_err(|error| StartupError::new("cannot listen for signals", error));
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Returns a future that completes on ctrl-c.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, StartupError> {
    Ok(async {
        let _ = signal::ctrl_c().await;
    })
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn print_line(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a command's errors go to stderr")]
fn print_error(line: &str) {
    eprintln!("auth0-sim: {line}");
}
