//! Load by wrk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::process::Server;

const SCRIPT: &str = include_str!("load.lua");

/// A request to send.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) token: String,
    /// JSON, or empty.
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>, token: &str) -> Self {
        let token = token.to_owned();
        Self { method: "GET", path: path.into(), token, body: String::new() }
    }
}

/// When a run of wrk ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Window {
    Seconds(u32),
    Requests(u32),
}

/// What one run of wrk has measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) cpu_micros_per_request: f64,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
}

/// The output of the script.
#[derive(Debug, Deserialize)]
struct Summary {
    requests: u64,
    micros: u64,
    failed: u64,
    p50: f64,
    p99: f64,
}

/// A folder with the script and the requests.
#[derive(Debug)]
pub(crate) struct LoadGenerator {
    folder: PathBuf,
}

impl LoadGenerator {
    /// Writes the script into the folder.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::write(folder.join("load.lua"), SCRIPT).unwrap();
        Self { folder: folder.to_owned() }
    }

    /// Sends the requests in turn over this number of connections. The CPU time is that of
    /// `measured`, which is another process than the one at `url` where a call is made directly.
    pub(crate) fn run(
        &self,
        url: &str,
        measured: &Server,
        requests: &[Request],
        connections: u32,
        window: Window,
    ) -> Sample {
        let file = self.folder.join("requests");
        let lines: Vec<String> = requests
            .iter()
            .map(|Request { method, path, token, body }| {
                format!("{method}\t{path}\t{token}\t{body}\n")
            })
            .collect();
        fs::write(&file, lines.concat()).unwrap();
        let (seconds, limit) = match window {
            Window::Seconds(seconds) => (seconds, 0),
            Window::Requests(limit) => (600, limit),
        };
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--timeout", "60s"])
            .arg(format!("--connections={connections}"))
            .arg(format!("--duration={seconds}s"))
            .arg("--script")
            .arg(self.folder.join("load.lua"))
            .arg(url)
            .arg("--")
            .arg(&file)
            .arg(limit.to_string())
            .stderr(Stdio::inherit());
        let before = measured.cpu_time();
        let output = wrk.output().unwrap();
        let cpu_micros = measured.cpu_time().micros_since(&before);
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with('{'));
        let summary: Summary =
            serde_json::from_str(line.unwrap_or_else(|| panic!("{wrk:?}: {text}"))).unwrap();
        assert_eq!(summary.failed, 0, "failed requests of {wrk:?}: {text}");
        assert!(summary.requests > 0, "no response: {wrk:?}: {text}");
        Sample {
            requests: summary.requests,
            cpu_micros_per_request: round(cpu_micros / summary.requests as f64),
            requests_per_second: round(summary.requests as f64 * 1e6 / summary.micros as f64),
            p50_millis: summary.p50 / 1e3,
            p99_millis: summary.p99 / 1e3,
        }
    }
}

/// Rounds to thousandths, which are finer than what can be measured.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Whether wrk is installed.
pub(crate) fn is_installed() -> bool {
    Command::new("wrk")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
