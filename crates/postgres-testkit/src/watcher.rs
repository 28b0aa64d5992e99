//! Removes a cluster when its handle or its process is gone.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;

/// Waits for the end of its input, stops the server and removes the folder.
///
/// After a crash of the server, the identification of a segment of shared memory is in the seventh
/// line of its file; its processes may be writing files for a moment.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
while read -r _; do :; done
"$2" stop -D "$1/data" -m immediate -w -t 60
if [ -f "$1/data/postmaster.pid" ]; then
    ipcrm -m "$(sed -n '7s/.* //p' "$1/data/postmaster.pid")"
fi
i=0
until rm -rf "$1" || [ "$i" -ge 200 ]; do
    i=$((i + 1))
    sleep 0.05
done
"#;

/// A process that waits for the end of a pipe, which the kernel closes when this process ends,
/// even by SIGKILL. Dropping it removes the cluster in the same way.
#[derive(Debug)]
pub(crate) struct Watcher(Child);

impl Watcher {
    pub(crate) fn start(
        account: Account,
        binaries: &Binaries,
        folder: &Path,
    ) -> Result<Self, Error> {
        let mut command = account.command(Path::new("/bin/sh"), Path::new("/"));
        command.args(["-c", SCRIPT, "watcher"]).arg(folder).arg(binaries.program("pg_ctl"));
        // With an inherited output, who reads the output of the tests would wait for the watcher.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self).map_err(Error::io("starting the watcher"))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
