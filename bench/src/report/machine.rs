//! The machine and the versions of a run.

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde::Serialize;

/// Where and when a run took place.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    pub(crate) rust: String,
    pub(crate) node: String,
    pub(crate) python: String,
    pub(crate) wrk: String,
}

impl Machine {
    pub(crate) fn read(root: &Path) -> Self {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map_or_else(String::new, |value| value.trim_matches([':', ' ', '\t']).to_owned())
        };
        let kib = field("/proc/meminfo", "MemTotal");
        let kib: u64 = kib.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
        let root = root.to_string_lossy();
        Self {
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            commit: first_line("git", &["-C", &root, "rev-parse", "--short=12", "HEAD"]),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: field("/proc/cpuinfo", "model name"),
            memory_gib: kib.div_ceil(1 << 20),
            kernel: first_line("uname", &["-sr"]),
            rust: first_line("rustc", &["--version"]),
            node: first_line("node", &["--version"]),
            python: first_line("python3", &["--version"]),
            wrk: first_line("wrk", &["--version"]),
        }
    }
}

/// Returns the first line that a command prints, or "none".
fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = text.ok().and_then(|text| text.lines().next().map(str::to_owned));
    line.unwrap_or_else(|| "none".to_owned())
}
