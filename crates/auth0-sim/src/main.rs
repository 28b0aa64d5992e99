//! The binary `auth0-sim`: a stand-in for Auth0 that listens until it is told to stop.

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
/// Its state is in memory and ends with it. It is controlled below /__sim/, without credentials:
/// keep it off any network that others can reach.
#[derive(Parser)]
#[command(name = "auth0-sim", version)]
struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Speak TLS, with a certificate that a throw-away authority signs for localhost
    #[arg(long)]
    tls: bool,
    /// Write the authority's certificate to this file (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Another name that the certificate is good for
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Vec<String>,
    /// The issuer of tokens, ending in a slash [default: the address that it listens on]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The id of the application
    #[arg(long, value_name = "ID", default_value = "usher")]
    client_id: String,
    /// The secret of the application
    #[arg(long, value_name = "SECRET", default_value = "usher-secret")]
    client_secret: String,
    /// The name of the database connection
    #[arg(long, value_name = "NAME", default_value = "Username-Password-Authentication")]
    connection: String,
    /// Put the users of this file there: one JSON object a line, with "password" besides
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// How many milliseconds searches lag behind writes
    #[arg(long, value_name = "MILLIS", default_value_t = 0)]
    lag_ms: u64,
    /// How many milliseconds every request takes besides
    #[arg(long, value_name = "MILLIS", default_value_t = 0)]
    latency_ms: u64,
}

/// Why it cannot start.
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
            .map_err(|error| StartupError::new("no certificate", error))?;
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

/// SIGTERM or ctrl-c, listened for from now on.
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

/// Ctrl-c.
#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, StartupError> {
    Ok(async {
        let _ = signal::ctrl_c().await;
    })
}

#[expect(clippy::print_stdout, reason = "what the command is asked for")]
fn print_line(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a command's errors go to stderr")]
fn print_error(line: &str) {
    eprintln!("auth0-sim: {line}");
}
