//! The command line of the binary `usher`.

mod check_config;
mod doctor;
mod healthcheck;
mod migrate;
mod openapi;
mod output;
mod serve;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::output::{ConfigFile, print_error};

/// Manages the users of many tenants in front of Auth0
#[derive(Debug, Parser)]
#[command(name = "usher", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service
    Serve(serve::Options),
    /// Print a token for `usher serve --dev` on the same machine
    Token(token::Options),
    /// Print the OpenAPI document
    Openapi,
    /// Validate the settings; exits with 1 if they are invalid
    CheckConfig(ConfigFile),
    /// Check whether the configured Auth0 tenant has everything that the service needs; exits with
    /// 1 if not, and prints what to fix
    Doctor(doctor::Options),
    /// Migrate the schema of the configured PostgreSQL database
    Migrate(migrate::Options),
    /// Check whether a running service is ready; exits with 1 if not
    Healthcheck(healthcheck::Options),
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    telemetry::set_panic_hook("usher");
    let result = match Cli::parse().command {
        Command::Serve(options) => serve::run(&options),
        Command::Token(options) => token::run(&options),
        Command::Openapi => openapi::run(),
        Command::CheckConfig(file) => check_config::run(&file),
        Command::Doctor(options) => match doctor::run(&options) {
            Ok(true) => Ok(()),
            // The output has named the problems.
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        Command::Migrate(options) => migrate::run(&options),
        Command::Healthcheck(options) => healthcheck::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(error.as_ref());
            ExitCode::FAILURE
        }
    }
}
