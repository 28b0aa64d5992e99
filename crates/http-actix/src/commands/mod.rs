//! The command line of the one binary, `usher`.

mod check_config;
mod doctor;
mod healthcheck;
mod openapi;
mod serve;
mod token;

use std::error::Error as StdError;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use ports::error_chain;

/// Manages the people of many tenants in front of Auth0.
#[derive(Debug, Parser)]
#[command(name = "usher", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service.
    Serve(serve::Options),
    /// Prints a token of the development issuer, good for `usher serve --dev` on this machine.
    Token(token::Options),
    /// Prints the OpenAPI document of everything that is served.
    Openapi,
    /// Reads the settings and says what is wrong with them.
    CheckConfig(ConfigFile),
    /// Asks the configured Auth0 whether everything that the service needs is there, and says what
    /// to do where it is not; exits with 0 if all is well, with 1 if not.
    Doctor(doctor::Options),
    /// Asks a running service whether it is ready; exits with 0 if so, with 1 if not.
    Healthcheck(healthcheck::Options),
}

/// Which file of settings to read.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The TOML file of settings; `USHER_CONFIG` names it otherwise.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Why a command failed, for whoever runs it.
type CommandResult = Result<(), Box<dyn StdError>>;

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    telemetry::set_panic_hook("usher");
    let done = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Token(options) => token::run(&options),
        Command::Openapi => openapi::run(),
        Command::CheckConfig(file) => check_config::run(&file),
        Command::Doctor(options) => match doctor::run(&options) {
            Ok(true) => Ok(()),
            // The findings have said why.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Healthcheck(options) => healthcheck::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Says what went wrong. Where nobody can be told, on a disk that is full, the exit code has to do.
fn complain(error: &dyn StdError) {
    let _ = writeln!(std::io::stderr(), "usher: {}", error_chain(error));
}

/// Prints what a command was asked for.
///
/// # Errors
/// When it cannot be written, and so the command has failed.
fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
