//! Options and output that the commands share.

use std::error::Error as StdError;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ports::error_chain;

use crate::settings::InvalidSettings;

/// The option that names the settings file.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// TOML file with the settings; defaults to the file that `USHER_CONFIG` names
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Parses the value of an option, with an error that states what is allowed.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8080")
}

/// The result of a command; the error is printed.
pub(super) type CommandResult = Result<(), Box<dyn StdError>>;

/// Prints a line to standard output.
///
/// # Errors
/// When the line cannot be written, which fails the command.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// Prints an error with its causes to standard error; several errors of settings on several lines.
/// If that fails, only the exit code reports the error.
pub(super) fn print_error(error: &(dyn StdError + 'static)) {
    let lines = match error.downcast_ref::<InvalidSettings>() {
        Some(error) => error.lines(),
        None => vec![error_chain(error)],
    };
    for line in lines {
        let _ = writeln!(std::io::stderr(), "usher: {line}");
    }
}
