//! Processes that serve HTTP on loopback, with their CPU time and memory from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take until it serves: a seed of a million users takes a while.
const START_LIMIT: Duration = Duration::from_mins(2);

/// A server process, which is killed on drop.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    start_time: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server and waits until `GET path` returns 200 or, if `path` is empty, until it
    /// accepts connections.
    ///
    /// The output goes to `/dev/null`, so that log lines cost what writing them costs, and nothing
    /// else depends on them.
    pub(crate) fn start(mut command: Command, address: SocketAddr, path: &str) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut server = Self { child, address, start_time: Duration::ZERO };
        while !is_serving(address, path) {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("{command:?} ended with {status}");
            }
            assert!(start.elapsed() < START_LIMIT, "{program} does not serve");
            thread::sleep(Duration::from_micros(200));
        }
        server.start_time = start.elapsed();
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the time from the start of the process to the first response.
    pub(crate) fn start_time(&self) -> Duration {
        self.start_time
    }

    /// Returns the CPU time so far.
    pub(crate) fn cpu_time(&self) -> CpuTime {
        CpuTime::read(self.child.id())
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Returns the highest resident memory since the start, or since `reset_peak`, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Sets the highest resident memory to the present one (proc(5), `clear_refs`).
    pub(crate) fn reset_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    fn status(&self, field: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

/// Returns an address on loopback with a port that is free now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn is_serving(address: SocketAddr, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    if path.is_empty() {
        return true;
    }
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut response = Vec::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_end(&mut response).is_ok()
        && response.starts_with(b"HTTP/1.1 200")
}

/// The user and system time of a process.
#[derive(Debug)]
pub(crate) struct CpuTime {
    /// Nanoseconds of each thread, from `schedstat`.
    threads: BTreeMap<u32, u64>,
    /// Hundredths of a second of the process, with the threads that have ended, from `stat`.
    ticks: u64,
}

impl CpuTime {
    fn read(process: u32) -> Self {
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
            let path = entry.unwrap().path();
            // A thread can end between the two reads.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            let thread = path.file_name().unwrap().to_string_lossy().parse().unwrap();
            threads.insert(thread, text.split(' ').next().unwrap().parse().unwrap());
        }
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        Self { threads, ticks: ticks(&stat) }
    }

    /// Returns the microseconds since an earlier reading: the precise ones of the threads, or the
    /// coarse ones of the process if a thread has ended.
    pub(crate) fn micros_since(&self, earlier: &Self) -> f64 {
        if earlier.threads.keys().any(|thread| !self.threads.contains_key(thread)) {
            return (self.ticks - earlier.ticks) as f64 * 10_000.0;
        }
        let nanos = self
            .threads
            .iter()
            .map(|(thread, now)| now - earlier.threads.get(thread).copied().unwrap_or_default());
        nanos.sum::<u64>() as f64 / 1_000.0
    }
}

/// Returns the sum of `utime` and `stime` in the text of `/proc/PID/stat`.
fn ticks(stat: &str) -> u64 {
    // The name of the program is in parentheses and can contain blanks.
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    let fields: Vec<&str> = after_name.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_user_and_system_time() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 70 0 0 20 0 4 0 1 2 3";
        assert_eq!(ticks(stat), 320);
    }

    #[test]
    fn ended_thread_falls_back_to_ticks() {
        let time = |threads: &[(u32, u64)], ticks| CpuTime {
            threads: threads.iter().copied().collect(),
            ticks,
        };
        let before = time(&[(1, 5_000), (2, 1_000)], 3);
        assert!(
            (time(&[(1, 9_000), (2, 1_000), (3, 2_000)], 3).micros_since(&before) - 6.0).abs()
                < 1e-9
        );
        assert!((time(&[(1, 9_000)], 4).micros_since(&before) - 10_000.0).abs() < 1e-9);
    }
}
