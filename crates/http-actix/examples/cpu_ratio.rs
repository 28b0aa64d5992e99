//! Measures the CPU time of `GET` of one user as a ratio to a baseline (`make bench`): an actix-web
//! handler that responds with the same bytes.
//!
//! Starts the release binary `usher` in development mode with 100,000 users, and itself as the
//! baseline server, and sends both the same requests over 16 connections, alternately. The measure
//! is user and system time of the server processes from `/proc`, which is steadier than throughput
//! on a busy machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark stops on failure and prints its results"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const USERS: usize = 100_000;
const CONNECTIONS: usize = 16;
const REQUESTS_PER_CONNECTION: usize = 5_000;
const ROUNDS: usize = 9;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let Some("baseline") = arguments.next().as_deref() {
        return serve_baseline(arguments.next().unwrap());
    }

    let folder = tempfile::tempdir().unwrap();
    let usher = Server::usher(folder.path());
    let request = usher.request(&token(folder.path()));
    let response = exchange(&mut usher.connect(), request.as_bytes());
    let body = &response[response.find("\r\n\r\n").unwrap() + 4..];
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    let baseline = Server::baseline(body);

    println!("GET of one among {USERS} users, {CONNECTIONS} connections, {} bytes", body.len());
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let usher_cost = usher.cpu_micros_per_request(&request);
        let baseline_cost = baseline.cpu_micros_per_request(&request);
        // The first round warms up.
        if round > 0 {
            println!(
                "usher {usher_cost:6.2} µs, baseline {baseline_cost:6.2} µs, ratio {:.2}",
                usher_cost / baseline_cost
            );
            ratios.push(usher_cost / baseline_cost);
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio of CPU time: {:.2}", ratios[ratios.len() / 2]);
}

/// A measured server process, which is killed on drop.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn usher(folder: &Path) -> Self {
        let mut seed = String::new();
        for number in 0..USERS {
            let tenant = if number % 2 == 0 { "acme" } else { "globex" };
            let _ = writeln!(
                seed,
                r#"{{"id":"auth0|user-{number}","email":"user-{number}@example.com","username":"user-{number}","firstName":"Some","lastName":"Body","homeTenant":"{tenant}","tenants":{{"{tenant}":"viewer"}}}}"#
            );
        }
        let file = folder.join("seed.jsonl");
        std::fs::write(&file, seed).unwrap();
        let address = free_address();
        let process = usher_command(folder)
            .args(["serve", "--dev", "--listen", &address.to_string()])
            .env("USHER__DIRECTORY__MEMORY__SEED", file)
            .stdout(Stdio::piped())
            .spawn()
            .expect("target/release/usher, built by `cargo build --release`");
        Self::wait_until_ready(process, address)
    }

    fn baseline(body: &str) -> Self {
        let address = free_address();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["baseline", &address.to_string()])
            .env("BODY", body)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self::wait_until_ready(process, address)
    }

    /// Waits for the line that the process prints once it listens.
    fn wait_until_ready(mut process: Child, address: SocketAddr) -> Self {
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn request(&self, token: &str) -> String {
        format!(
            "GET /api/v1/users/auth0%7Cuser-4242 HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\
             Authorization: Bearer {token}\r\n\r\n",
            self.address
        )
    }

    /// Returns the CPU time of one request, in microseconds.
    fn cpu_micros_per_request(&self, request: &str) -> f64 {
        let before = self.cpu_ticks();
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = self.connect();
                    let length = exchange(&mut stream, request.as_bytes()).len();
                    let mut response = vec![0; length];
                    for _ in 1..REQUESTS_PER_CONNECTION {
                        stream.write_all(request.as_bytes()).unwrap();
                        stream.read_exact(&mut response).unwrap();
                    }
                });
            }
        });
        let ticks = self.cpu_ticks() - before;
        // A tick is a hundredth of a second on Linux, whatever the kernel's own rate (proc(5)).
        ticks as f64 * 10_000.0 / (CONNECTIONS * REQUESTS_PER_CONNECTION) as f64
    }

    /// Returns the sum of `utime` and `stime` of the process (proc(5)).
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let after_name = &stat[stat.rfind(')').unwrap() + 2..];
        let fields: Vec<&str> = after_name.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// Sends one request and reads the whole response.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.set_nodelay(true).unwrap();
    stream.write_all(request).unwrap();
    let mut response = String::new();
    let mut reader = BufReader::new(&*stream);
    let mut length = 0;
    loop {
        let start = response.len();
        reader.read_line(&mut response).unwrap();
        let line = response[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    response + std::str::from_utf8(&body).unwrap()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn usher_command(folder: &Path) -> Command {
    let program: PathBuf = std::env::current_exe().unwrap();
    let mut command = Command::new(program.parent().unwrap().parent().unwrap().join("usher"));
    command.env("XDG_STATE_HOME", folder);
    command
}

fn token(folder: &Path) -> String {
    let output = usher_command(folder).arg("token").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn serve_baseline(address: String) {
    use actix_web::{App, HttpResponse, HttpServer, web};

    let body = web::Bytes::from(std::env::var("BODY").unwrap());
    let server = HttpServer::new(move || {
        let body = body.clone();
        let response = move || {
            let body = body.clone();
            async { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().route("/api/v1/users/{userId}", web::get().to(response))
    });
    let server = server.bind(address).unwrap();
    println!("serving");
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}
