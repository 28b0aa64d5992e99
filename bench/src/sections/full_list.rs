//! A full list of the greatest directory, and what other callers notice of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::comparison::median;
use crate::context::Bench;
use crate::process::Server;
use crate::report::results::{Row, Unit};
use crate::sections::hot_path::user_path;
use crate::seed::TENANT;

/// The time between two reads of another caller.
const PAUSE: Duration = Duration::from_micros(500);

pub(crate) fn run(bench: &mut Bench, server: &Server, users: usize) {
    let lists = if bench.options.is_quick { 1 } else { 3 };
    let url = format!("{}/api/{TENANT}/admin/users", server.url());
    let token = bench.issuer.token(1);
    let probe = Probe::start(server.address(), &bench.token);
    thread::sleep(Duration::from_secs(1));
    let idle = probe.stop();
    let (mut extra, mut waits, mut seconds, mut size) = (0, Vec::new(), Vec::new(), 0);
    for _ in 0..lists {
        let before = server.resident();
        server.reset_peak();
        let start = Instant::now();
        let probe = Probe::start(server.address(), &bench.token);
        let (status, bytes) = bench.http.drain(&url, &token);
        let wait = probe.stop();
        assert_eq!(status, 200, "full list of {users} users");
        size = bytes;
        seconds.push(start.elapsed().as_secs_f64());
        waits.push(wait.as_secs_f64() * 1e3);
        extra = extra.max(server.peak().saturating_sub(before));
    }
    let described = format!("{} MiB in {:.1} s", size >> 20, median(seconds));
    bench.add_row(Row {
        subject: format!("full list of {users} users: additional peak memory"),
        usher: described.clone(),
        compared: String::new(),
        unit: Unit::Mebibytes,
        value: extra as f64 / f64::from(1 << 20),
        limit: Some(64.0),
    });
    bench.add_row(Row {
        subject: format!("full list of {users} users: worst wait of another caller"),
        usher: described,
        compared: format!("without a list: {:.2} ms", idle.as_secs_f64() * 1e3),
        unit: Unit::Millis,
        value: median(waits),
        limit: Some(20.0),
    });
}

/// Another caller, who reads one user again and again.
struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Probe {
    fn start(address: SocketAddr, token: &str) -> Self {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n",
            user_path(0)
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        exchange(&mut stream, &request);
        let stop_flag = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stop_flag);
        let thread = thread::spawn(move || {
            let mut worst = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                exchange(&mut stream, &request);
                worst = worst.max(start.elapsed());
                thread::sleep(PAUSE);
            }
            worst
        });
        Self { stop: stop_flag, thread }
    }

    /// Returns the longest time that a read has taken.
    fn stop(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Sends the request and reads the response, which must be a 200.
fn exchange(stream: &mut TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
}
