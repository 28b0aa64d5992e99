//! Runs the binary to completion, or as a service that is killed on drop.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Generous, for a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A temporary folder for the files and the state of one test.
#[derive(Debug)]
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// The exit code and the output of a process.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the path of the development key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.path("state/usher/development-key.pk8")
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns a command for the binary with a clean environment. It runs in an empty folder, so
    /// that relative paths resolve to nothing by accident.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let empty = self.path("empty");
        std::fs::create_dir_all(&empty).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", self.path("state"))
            // No load balancer needs the delay.
            .env("USHER__HTTP__SHUTDOWN_DELAY_MS", "0")
            .current_dir(empty)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to completion.
    pub(crate) fn run(&self, arguments: &[&str]) -> ProcessOutput {
        run_to_completion(self.command(arguments))
    }

    /// Runs the binary to completion with these environment variables.
    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> ProcessOutput {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        run_to_completion(command)
    }

    /// Returns a development token of the tenant acme.
    pub(crate) fn acme_token(&self) -> String {
        self.run(&["token", "--tenant", "acme"]).stdout.trim().to_owned()
    }

    /// Returns a development token of an operator.
    pub(crate) fn operator_token(&self) -> String {
        self.run(&["token", "--operator"]).stdout.trim().to_owned()
    }

    /// Returns a development token of a user of the demo tenants.
    pub(crate) fn member_token(&self, user: &str) -> String {
        self.run(&["token", "--member", user]).stdout.trim().to_owned()
    }

    /// Starts a service.
    pub(crate) fn start(&self, arguments: &[&str]) -> Service {
        Service::start(self.command(arguments))
    }

    /// Starts a service in development mode.
    pub(crate) fn start_dev(&self) -> Service {
        self.start(&["serve", "--dev", "--listen", "127.0.0.1:0"])
    }
}

pub(crate) fn run_to_completion(mut command: Command) -> ProcessOutput {
    let output = command.output().unwrap();
    ProcessOutput {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    stdout: LineReader,
    stderr: LineReader,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts the process and waits for the line with its address.
    pub(crate) fn start(mut command: Command) -> Self {
        let is_dev = command.get_args().any(|argument| argument == "--dev");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = LineReader::spawn(child.stdout.take().unwrap());
        let mut stderr = LineReader::spawn(child.stderr.take().unwrap());
        let address = if is_dev {
            let line = stdout.wait_for("Usher serves http://");
            let (_, rest) = line.split_once("http://").unwrap();
            rest.split(' ').next().unwrap().parse().unwrap()
        } else {
            let line = stderr.wait_for("serving");
            parse_address(&line)
        };
        Self { child, stdout, stderr, address }
    }

    /// Waits for a log line that contains the text.
    pub(crate) fn wait_for_log(&mut self, text: &str) -> String {
        self.stderr.wait_for(text)
    }

    /// Waits for a line on stdout that contains the text.
    pub(crate) fn wait_for_stdout(&mut self, text: &str) -> String {
        self.stdout.wait_for(text)
    }

    /// Sends a signal such as `TERM`. The service handles signals before it prints its address.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        // Safe Rust has no `kill` without another dependency.
        let kill = format!("kill -{name} {id}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the process to exit; returns its status and output.
    pub(crate) fn wait(mut self) -> (ExitStatus, ProcessOutput) {
        let (stdout, stderr) = (self.stdout.read_to_end(), self.stderr.read_to_end());
        let status = self.child.wait().unwrap();
        (status, ProcessOutput { code: status.code(), stdout, stderr })
    }

    /// Sends SIGTERM and waits for the process to exit; returns its output.
    pub(crate) fn stop(self) -> ProcessOutput {
        self.signal("TERM");
        self.wait().1
    }

    /// Sends a GET request with this token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.call("GET", path, token, None).await
    }

    /// Returns the text of `/metrics`.
    pub(crate) async fn metrics(&self) -> String {
        self.get("/metrics", "").await.body.as_str().unwrap().to_owned()
    }

    /// Sends a request with this token and an optional body.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Response {
        fetch(method, &format!("http://{}{path}", self.address), &format!("Bearer {token}"), body)
            .await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process may have exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Parses the address in a log line of either format.
fn parse_address(line: &str) -> SocketAddr {
    let (_, rest) = line.split_once("address").unwrap();
    let rest = rest.trim_start_matches(['=', '"', ':']);
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:[]".contains(c)).unwrap_or(rest.len());
    rest[..end].parse().unwrap()
}

/// Reads the lines that a process writes.
#[derive(Debug)]
struct LineReader {
    receiver: Receiver<String>,
    lines: Vec<String>,
}

impl LineReader {
    fn spawn(stream: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        // Reads continuously, so that the process never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { receiver, lines: Vec::new() }
    }

    fn wait_for(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.receiver.recv_timeout(TIMEOUT) else {
                panic!("no line with {text:?} among {:#?}", self.lines);
            };
            self.lines.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Returns all lines, once the process has closed the stream.
    fn read_to_end(&mut self) -> String {
        loop {
            match self.receiver.recv_timeout(TIMEOUT) {
                Ok(line) => self.lines.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the process does not exit: {:#?}", self.lines)
                }
            }
        }
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Response {
    /// Returns the error code of a body of either contract.
    pub(crate) fn code(&self) -> &str {
        let code = self.body.get("code").or_else(|| self.body.pointer("/errors/0/code"));
        code.and_then(Value::as_str).unwrap_or_else(|| panic!("no code: {self:?}"))
    }

    /// Returns the e-mail addresses in a list of either contract.
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
) -> Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, url).header("authorization", authorization);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    #[expect(clippy::disallowed_methods, reason = "the function of these tests that sends")]
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Response { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// Repeats a request at intervals until its result satisfies `is_done`. After `TIMEOUT`, returns the
/// last result, which the caller then reports.
pub(crate) async fn poll_until<T>(
    mut request: impl AsyncFnMut() -> T,
    is_done: impl Fn(&T) -> bool,
) -> T {
    let deadline = tokio::time::Instant::now() + TIMEOUT;
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    loop {
        ticks.tick().await;
        let result = request().await;
        if is_done(&result) || tokio::time::Instant::now() > deadline {
            return result;
        }
    }
}

/// A listener that closes every connection at once.
#[derive(Debug)]
pub(crate) struct ClosingListener(std::net::TcpListener);

impl ClosingListener {
    /// Starts the listener on a free port.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let acceptor = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            for stream in acceptor.incoming() {
                drop(stream);
            }
        });
        Self(listener)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// Returns the permission bits of a file.
#[cfg(unix)]
pub(crate) fn file_mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
