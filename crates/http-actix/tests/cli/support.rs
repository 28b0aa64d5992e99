//! The binary, run: to its end, or as a service that is stopped with the test.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// A place of its own for one test: files, and what would be the user's home.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
}

/// What came of a run that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the development key is kept.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("state/usher/development-key.pk8")
    }

    /// Writes a file, and answers its path as text.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The binary with these arguments, and nothing of the environment of the tests. It runs in a
    /// folder without files, so that relative paths mean nothing by accident.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let empty = self.path("empty");
        std::fs::create_dir_all(&empty).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", self.path("state"))
            // There is no balancer that would need the time.
            .env("USHER__HTTP__SHUTDOWN_DELAY_MS", "0")
            .current_dir(empty)
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        end(self.command(arguments))
    }

    /// Runs to the end, with these variables.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        end(command)
    }

    /// Starts a service that says in its log where it serves.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Service {
        Service::start(self.command(arguments))
    }

    /// Starts a service in development mode, which says where it serves to whoever reads.
    pub(crate) fn develop(&self) -> Service {
        self.serve(&["serve", "--dev", "--listen", "127.0.0.1:0"])
    }
}

pub(crate) fn end(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A service that runs.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    stdout: Lines,
    stderr: Lines,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts it, and waits until it says where it serves.
    pub(crate) fn start(mut command: Command) -> Self {
        let in_development = command.get_args().any(|argument| argument == "--dev");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = Lines::of(child.stdout.take().unwrap());
        let mut stderr = Lines::of(child.stderr.take().unwrap());
        let address = if in_development {
            let line = stdout.wait_for("Usher serves http://");
            let (_, rest) = line.split_once("http://").unwrap();
            rest.split(' ').next().unwrap().parse().unwrap()
        } else {
            let line = stderr.wait_for("serving");
            address_in(&line)
        };
        Self { child, stdout, stderr, address }
    }

    /// Waits for a line of its log that holds this text.
    pub(crate) fn wait_for_log(&mut self, text: &str) -> String {
        self.stderr.wait_for(text)
    }

    /// Waits for a line that it prints which holds this text.
    pub(crate) fn wait_for_print(&mut self, text: &str) -> String {
        self.stdout.wait_for(text)
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        self.until_it_minds_signals();
        let id = self.child.id().to_string();
        // There is no way to do so in safe Rust without another dependency.
        let kill = format!("kill -{name} {id}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// It serves a moment before it minds signals; where the system tells, this waits for that.
    fn until_it_minds_signals(&self) {
        const TERM: u64 = 1 << (15 - 1);
        for _ in 0..1_000_000 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
            let Ok(status) = status else { return };
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
            if u64::from_str_radix(mask.trim(), 16).unwrap() & TERM != 0 {
                return;
            }
            std::thread::yield_now();
        }
        panic!("it does not mind signals");
    }

    /// Waits for its end, and answers how it ended and all that it said.
    pub(crate) fn wait(mut self) -> (ExitStatus, Ended) {
        let (stdout, stderr) = (self.stdout.rest(), self.stderr.rest());
        let status = self.child.wait().unwrap();
        (status, Ended { code: status.code(), stdout, stderr })
    }

    /// Stops it, and answers all that it said.
    pub(crate) fn stop(self) -> Ended {
        self.signal("TERM");
        self.wait().1
    }

    /// A call with this token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, None).await
    }

    /// A call with this token and perhaps a body.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Answer {
        fetch(method, &format!("http://{}{path}", self.address), &format!("Bearer {token}"), body)
            .await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a line of the log, in whichever form it is.
fn address_in(line: &str) -> SocketAddr {
    let (_, rest) = line.split_once("address").unwrap();
    let rest = rest.trim_start_matches(['=', '"', ':']);
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:[]".contains(c)).unwrap_or(rest.len());
    rest[..end].parse().unwrap()
}

/// The lines that a process writes, as they come.
#[derive(Debug)]
struct Lines {
    coming: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, coming) = channel();
        // Reads until the process closes the stream, so that it never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { coming, seen: Vec::new() }
    }

    fn wait_for(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.coming.recv_timeout(PATIENCE) else {
                panic!("no line with {text:?} among {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Everything, once the process has closed the stream.
    fn rest(&mut self) -> String {
        loop {
            match self.coming.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it does not end: {:#?}", self.seen)
                }
            }
        }
        self.seen.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The error code, in whichever of the two forms the body has.
    pub(crate) fn code(&self) -> &str {
        let code = self.body.get("code").or_else(|| self.body.pointer("/errors/0/code"));
        code.and_then(Value::as_str).unwrap_or_else(|| panic!("no code: {self:?}"))
    }

    /// The e-mail addresses of a list of either contract.
    pub(crate) fn emails(&self) -> Vec<&str> {
        let list = self.body.get("data").unwrap_or(&self.body);
        let list = list.as_array().unwrap_or_else(|| panic!("no list: {self:?}"));
        list.iter().map(|user| user["email"].as_str().unwrap()).collect()
    }
}

pub(crate) async fn fetch(
    method: &str,
    url: &str,
    authorization: &str,
    body: Option<Value>,
) -> Answer {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, url).header("authorization", authorization);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    #[expect(clippy::disallowed_methods, reason = "the one function of these tests that sends")]
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// A port that nobody listens on for as long as this is held.
#[derive(Debug)]
pub(crate) struct Silent(std::net::TcpListener);

impl Silent {
    /// A listener that takes connections and closes them at once.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taker = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            for stream in taker.incoming() {
                drop(stream);
            }
        });
        Self(listener)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// Whether a file may be read by its owner alone.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
