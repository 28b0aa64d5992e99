//! The operating system's user that runs the server.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// `nobody`, on every distribution.
const NOBODY: u32 = 65_534;

/// The user that runs the programs: the user of this process, or `nobody` instead of root, which
/// PostgreSQL refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account(Option<u32>);

impl Account {
    /// Chooses the user by the owner of a file that this process has created.
    pub(crate) fn for_owner_of(own: &Path) -> io::Result<Self> {
        Ok(Self((fs::metadata(own)?.uid() == 0).then_some(NOBODY)))
    }

    /// Whether the programs run as another user than this process.
    pub(crate) fn is_other(self) -> bool {
        self.0.is_some()
    }

    /// Gives a file to the user.
    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        if self.0.is_some() { chown(path, self.0, self.0) } else { Ok(()) }
    }

    /// Returns a command that runs as the user, without this process's environment, whose `PG…`
    /// variables would change what it does, and in a process group of its own, so that it gets no
    /// signals from a terminal.
    pub(crate) fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        // With a time zone, initdb does not search for one.
        command.env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir(folder).process_group(0);
        if let Some(id) = self.0 {
            // This also drops the supplementary groups.
            command.uid(id).gid(id);
        }
        command
    }
}
