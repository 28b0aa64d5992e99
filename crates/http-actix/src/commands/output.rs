//! Options and output that the commands share.

use std::error::Error as StdError;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use ports::error_chain;

/// The option that names the settings file.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// TOML file with the settings; defaults to the file that `USHER_CONFIG` names
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
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

/// Prints an error with its causes to standard error. If that fails, only the exit code reports
/// the error.
pub(super) fn print_error(error: &dyn StdError) {
    let _ = writeln!(std::io::stderr(), "usher: {}", error_chain(error));
}
