//! Counts the instructions of one request in user space (`make bench-instructions`), and compares
//! them with the table that is checked in.
//!
//! Usage: `instructions USHER BARE TABLE`, the paths of the release binaries `usher` and
//! `bare_server`, and of the table. With `USHER_GENERATE=1`, writes the table instead of comparing.
//!
//! Each server runs under callgrind with 1,000 users in memory and one worker, and serves one
//! connection with one request at a time. The counters are read and reset between groups of
//! requests, so that the start is not counted. The result is the median over the groups of several
//! starts: a group in which a timer fires or a table grows does not change it.
//!
//! All threads count, because work that is moved to another thread is still work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark stops on failure and prints its results"
)]

mod callgrind;
mod connection;
mod environment;
mod fixture;
mod scenario;
mod table;

use std::path::Path;
use std::process::ExitCode;

use callgrind::Counts;
use fixture::{Fixture, Server};
use scenario::Scenario;
use table::{Row, Table};

/// How often each server is started, since the order of its hash maps differs from start to start.
const STARTS: usize = 3;
/// Groups of requests for each start.
const GROUPS: usize = 11;
/// Requests before the first group, which fill caches and buffers.
const WARM_UP: usize = 50;

/// What one kind of request costs a server.
struct Measurement {
    /// The counts of the groups of all starts, for one request, in ascending order.
    groups: Vec<Counts>,
    /// The body of the first response.
    body: String,
}

impl Measurement {
    fn new(mut groups: Vec<Counts>, body: String) -> Self {
        groups.sort_by_key(|counts| counts.all_threads);
        Self { groups, body }
    }

    fn median(&self) -> Counts {
        self.groups[self.groups.len() / 2]
    }

    /// Returns the first and the third quartile.
    fn quartiles(&self) -> [u64; 2] {
        let count = self.groups.len();
        [count / 4, count * 3 / 4].map(|index| self.groups[index].all_threads)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [usher, bare, file] = &arguments[..] else { panic!("arguments: USHER BARE TABLE") };
    let fixture = Fixture::create();
    let usher = measure_all(&fixture, || fixture.start_usher(Path::new(usher)));
    let bare = measure_all(&fixture, || fixture.start_bare_server(Path::new(bare)));

    let mut measured = Table { environment: environment::describe(), rows: Vec::new() };
    for (scenario, (usher, bare)) in Scenario::ALL.into_iter().zip(usher.iter().zip(&bare)) {
        if scenario.has_comparable_body() {
            assert_eq!(usher.body, bare.body, "{}: the bodies differ", scenario.name());
        }
        for (server, measurement) in [("usher", usher), ("bare", bare)] {
            let [low, high] = measurement.quartiles();
            eprintln!("{}: half of the groups of {server}: {low} to {high}", scenario.name());
        }
        measured.rows.push(Row {
            request: scenario.name(),
            usher: usher.median().all_threads,
            worker: usher.median().busiest_thread,
            bare: bare.median().all_threads,
        });
    }
    println!("{measured}");
    if std::env::var_os("USHER_GENERATE").is_some() {
        std::fs::write(file, measured.to_string()).unwrap();
        return ExitCode::SUCCESS;
    }
    let stored = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let report = Table::parse(&stored).compare(&measured);
    for line in &report.lines {
        println!("{line}");
    }
    if report.has_regression { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Measures each kind of request on each of the starts.
fn measure_all(fixture: &Fixture, start: impl Fn() -> Server) -> Vec<Measurement> {
    let mut groups = vec![Vec::new(); Scenario::ALL.len()];
    let mut bodies = Vec::new();
    for _ in 0..STARTS {
        let mut server = start();
        bodies.clear();
        for (scenario, groups) in Scenario::ALL.into_iter().zip(&mut groups) {
            bodies.push(measure(&mut server, fixture, scenario, groups));
        }
    }
    groups.into_iter().zip(bodies).map(|(groups, body)| Measurement::new(groups, body)).collect()
}

/// Adds the counts of some groups, for one request. Returns the body of the first response.
fn measure(
    server: &mut Server,
    fixture: &Fixture,
    scenario: Scenario,
    groups: &mut Vec<Counts>,
) -> String {
    let mut connection = server.connect();
    let mut requests = (0..).map(|number| fixture.request(scenario, number));
    let mut send = |count: usize| {
        let mut body = String::new();
        for request in requests.by_ref().take(count) {
            body = connection.exchange(&request, scenario.status());
        }
        body
    };
    let body = send(1);
    send(WARM_UP);
    server.callgrind.take_counts();
    let size = scenario.group_size();
    for _ in 0..GROUPS {
        send(size);
        groups.push(server.callgrind.take_counts().per_request(size));
    }
    body
}
