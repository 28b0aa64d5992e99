//! How much CPU time `GET` of one user costs, as a ratio to a bare actix-web handler that answers
//! with the same bytes, measured in the same run: `make bench`.
//!
//! It starts the release binary `usher` in development mode with 100,000 users, and itself as the
//! bare server, and sends both the same requests over 16 connections, in turns. What counts is the
//! CPU time of the server processes, user and system, from `/proc`: it is steadier than throughput
//! on a machine that does other things too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measurement that cannot go on should stop, and otherwise print what it saw"
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
    if let Some("bare") = arguments.next().as_deref() {
        return serve_bare(arguments.next().unwrap());
    }

    let folder = tempfile::tempdir().unwrap();
    let usher = Server::usher(folder.path());
    let request = usher.request(&token(folder.path()));
    let answer = exchange(&mut usher.connect(), request.as_bytes());
    let body = &answer[answer.find("\r\n\r\n").unwrap() + 4..];
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let bare = Server::bare(body);

    println!("GET of one among {USERS} users, {CONNECTIONS} connections, {} bytes", body.len());
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let ours = usher.cost(&request);
        let theirs = bare.cost(&request);
        // The first round warms up.
        if round > 0 {
            println!("usher {ours:6.2} µs, bare {theirs:6.2} µs, ratio {:.2}", ours / theirs);
            ratios.push(ours / theirs);
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio of CPU time: {:.2}", ratios[ratios.len() / 2]);
}

/// A server process under measurement; it ends with the value.
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
        Self::ready(process, address)
    }

    fn bare(body: &str) -> Self {
        let address = free_address();
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["bare", &address.to_string()])
            .env("BODY", body)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self::ready(process, address)
    }

    /// Both print a line once they have their listener.
    fn ready(mut process: Child, address: SocketAddr) -> Self {
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

    /// CPU time of one request, in microseconds.
    fn cost(&self, request: &str) -> f64 {
        let before = self.cpu_ticks();
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = self.connect();
                    let length = exchange(&mut stream, request.as_bytes()).len();
                    let mut answer = vec![0; length];
                    for _ in 1..REQUESTS_PER_CONNECTION {
                        stream.write_all(request.as_bytes()).unwrap();
                        stream.read_exact(&mut answer).unwrap();
                    }
                });
            }
        });
        let ticks = self.cpu_ticks() - before;
        // A tick is a hundredth of a second on Linux, whatever the kernel's own rate (proc(5)).
        ticks as f64 * 10_000.0 / (CONNECTIONS * REQUESTS_PER_CONNECTION) as f64
    }

    /// `utime` and `stime` of the process (proc(5)).
    fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let after_name = &stat[stat.rfind(')').unwrap() + 2..];
        let fields: Vec<&str> = after_name.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// One request and the whole of its answer.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.set_nodelay(true).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    let mut reader = BufReader::new(&*stream);
    let mut length = 0;
    loop {
        let start = answer.len();
        reader.read_line(&mut answer).unwrap();
        let line = answer[start..].trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    answer + std::str::from_utf8(&body).unwrap()
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

fn serve_bare(address: String) {
    use actix_web::{App, HttpResponse, HttpServer, web};

    let body = web::Bytes::from(std::env::var("BODY").unwrap());
    let server = HttpServer::new(move || {
        let body = body.clone();
        let answer = move || {
            let body = body.clone();
            async { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().route("/api/v1/users/{userId}", web::get().to(answer))
    });
    let server = server.bind(address).unwrap();
    println!("serving");
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}
