//! The binary `postgres-testkit`: runs a throw-away cluster until SIGTERM or ctrl-c.

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use postgres_testkit::{Cluster, Network, Options};
use tokio::signal::unix::{SignalKind, signal};

/// Throw-away PostgreSQL clusters from the installed server.
#[derive(Parser)]
#[command(name = "postgres-testkit", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a cluster, print its URL, and remove it after SIGTERM or ctrl-c
    Run(RunOptions),
}

#[derive(Args)]
struct RunOptions {
    /// Keep commits across crashes of the machine; slow
    #[arg(long)]
    fsync: bool,
    /// Also accept TCP connections on 127.0.0.1, on a free port and without TLS
    #[arg(long)]
    tcp: bool,
    /// Also accept TCP connections on 127.0.0.1, on a free port and with TLS only
    #[arg(long, conflicts_with = "tcp")]
    tls: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Run(options) = CommandLine::parse().command;
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &RunOptions) -> Result<(), Box<dyn Error>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let network = match (options.tcp, options.tls) {
        (_, true) => Network::Tls,
        (true, false) => Network::Plain,
        (false, false) => Network::None,
    };
    let cluster = Cluster::start(Options { fsync: options.fsync, network })?;
    print_line(&format!("url      {}", cluster.url()));
    if network != Network::None {
        let role = cluster.login_role("usher", "usher")?;
        print_line(&format!("tcp url  {}", cluster.tcp_url_for(&role)?));
    }
    if let Some(file) = cluster.ca_file() {
        print_line(&format!("ca file  {}", file.display()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(cluster);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn print_line(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a command's errors go to stderr")]
fn print_error(error: &dyn Error) {
    eprint!("postgres-testkit: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        eprint!(": {error}");
        source = error.source();
    }
    eprintln!();
}
