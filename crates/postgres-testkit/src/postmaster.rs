//! The server's process.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::account::Account;
use crate::admin;
use crate::binaries::Binaries;
use crate::endpoint::{Endpoint, SUPERUSER};
use crate::error::Error;

/// How long a start may take. Only a server that will never be ready needs so long.
const START_LIMIT: Duration = Duration::from_mins(2);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The server's process, and what is needed to start it again. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Postmaster {
    account: Account,
    binaries: Binaries,
    folder: PathBuf,
    child: Option<Child>,
}

/// What became of a started process.
#[derive(Debug)]
pub(crate) enum Launch {
    /// It accepts connections.
    Ready,
    /// It ended, after it wrote this into its log.
    Exited(String),
}

impl Postmaster {
    /// Creates the cluster's files. The server's socket and log are going to be in the folder too.
    pub(crate) fn initialize(
        account: Account,
        binaries: Binaries,
        folder: PathBuf,
    ) -> Result<Self, Error> {
        let mut initdb = account.command(&binaries.program("initdb"), &folder);
        initdb.args(["--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8"]);
        initdb.args(["--auth=scram-sha-256", "--auth-local=trust", "--username", SUPERUSER]);
        run("initdb", initdb.arg("--pgdata").arg(folder.join("data")))?;
        Ok(Self { account, binaries, folder, child: None })
    }

    /// Returns the folder of the cluster's files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the server and waits until it accepts connections or ends.
    pub(crate) fn launch(&mut self, endpoint: &Endpoint) -> Result<Launch, Error> {
        let log = self.folder.join("log");
        let open = || File::options().create(true).append(true).open(&log);
        let output = open().map_err(Error::io("opening the server's log"))?;
        let errors = output.try_clone().map_err(Error::io("opening the server's log"))?;
        let old_length = output.metadata().map_err(Error::io("reading the server's log"))?.len();
        let new_lines = || tail(&log, old_length);

        let mut postgres = self.account.command(&self.binaries.program("postgres"), &self.folder);
        postgres.arg("-D").arg(self.data()).args(["-p", &endpoint.port().to_string()]);
        postgres.arg("-k").arg(&self.folder);
        postgres.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = postgres.spawn().map_err(Error::io("starting postgres"))?;
        let child = self.child.insert(child);

        for _ in 0..START_LIMIT.as_millis() / POLL_INTERVAL.as_millis() {
            if child.try_wait().map_err(Error::io("waiting for postgres"))?.is_some() {
                self.child = None;
                return Ok(Launch::Exited(new_lines()));
            }
            if is_ready(endpoint) {
                return Ok(Launch::Ready);
            }
        }
        Err(Error::NotReady { seconds: START_LIMIT.as_secs(), log: new_lines() })
    }

    /// Starts a server again that was stopped or killed.
    pub(crate) fn relaunch(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        for _ in 0..START_LIMIT.as_millis() / POLL_INTERVAL.as_millis() {
            match self.launch(endpoint)? {
                Launch::Ready => return Ok(()),
                // The processes of a killed server end by themselves, but not at once.
                Launch::Exited(log) if log.contains("still in use") => pause(),
                Launch::Exited(log) if log.contains("lock file") => pause(),
                Launch::Exited(output) => {
                    return Err(Error::Program { program: "postgres", output });
                }
            }
        }
        Err(Error::NotReady {
            seconds: START_LIMIT.as_secs(),
            log: tail(&self.folder.join("log"), 0),
        })
    }

    /// Stops the server in its orderly way, which ends its connections.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        let mut pg_ctl = self.account.command(&self.binaries.program("pg_ctl"), &self.folder);
        pg_ctl.args(["stop", "-w", "-m", "fast", "-D"]).arg(self.data());
        run("pg_ctl", &mut pg_ctl)?;
        self.kill()
    }

    /// Kills the server by SIGKILL, and waits for the end of the process.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let ended = child.kill().and_then(|()| child.wait());
        ended.map(drop).map_err(Error::io("killing postgres"))
    }

    /// Forgets a process that has ended by itself, for which others would wait as long as it is a
    /// zombie.
    pub(crate) fn reap(&mut self) {
        if let Some(child) = &mut self.child
            && matches!(child.try_wait(), Ok(Some(_)))
        {
            self.child = None;
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Tries to connect; after a failure, waits a moment.
fn is_ready(endpoint: &Endpoint) -> bool {
    let config = endpoint.config("postgres");
    let is_ready = admin::wait_for(async move { admin::connect(&config).await.is_ok() });
    if is_ready != Some(true) {
        pause();
    }
    is_ready == Some(true)
}

#[expect(clippy::disallowed_methods, reason = "a starting server signals nothing to wait for")]
fn pause() {
    std::thread::sleep(POLL_INTERVAL);
}

/// Runs a program to its end.
fn run(program: &'static str, command: &mut Command) -> Result<(), Error> {
    let output = command.output().map_err(Error::io(program))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(Error::Program { program, output: String::from_utf8_lossy(&printed).into_owned() })
}

/// Returns what was written into a file after its first bytes.
fn tail(file: &Path, skipped: u64) -> String {
    let read = || -> io::Result<String> {
        let bytes = fs::read(file)?;
        let skipped = usize::try_from(skipped).map_err(io::Error::other)?;
        Ok(String::from_utf8_lossy(bytes.get(skipped..).unwrap_or_default()).into_owned())
    };
    read().unwrap_or_else(|error| format!("(unreadable: {error})"))
}
