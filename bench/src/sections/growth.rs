//! Pages, memory, start and full lists by the number of users.

use std::thread;
use std::time::Duration;

use crate::comparison::{Contestant, median};
use crate::context::Bench;
use crate::load::{Request, Window};
use crate::process::Server;
use crate::report::results::{Growth, Results, Row, Unit};
use crate::sections::full_list;
use crate::sections::hot_path::{cpu, cpu_row, page_path, user_requests};
use crate::seed;
use crate::usher::Directory;

/// All orders of a list.
const SORTS: [&str; 6] = ["id", "username", "email", "firstName", "lastName", "createdAt"];
/// The orders whose cost is plotted for each size.
pub(crate) const PLOTTED: [&str; 2] = ["id", "lastName"];
pub(crate) const ONE_USER: &str = "get one user by size";
const PAGE_SIZE: usize = 20;
/// How long a server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_millis(500);
/// The seconds that one sample of a page takes.
const WINDOW: f64 = 0.25;

/// A server with this number of users.
struct Sized {
    users: usize,
    server: Server,
}

pub(crate) fn run(bench: &mut Bench) {
    start_without_seed(bench);
    let mut servers = Vec::new();
    for users in bench.options.sizes.clone() {
        servers.push(start(bench, users));
    }
    memory(bench);
    one_user(bench, &servers);
    for sort in SORTS {
        pages(bench, &servers, sort);
    }
    let most = &servers[servers.len() - 1];
    full_list::run(bench, &most.server, most.users);
}

pub(crate) fn server_name(users: usize) -> String {
    format!("{users} users")
}

fn start_without_seed(bench: &mut Bench) {
    let starts = if bench.options.is_quick { 3 } else { 9 };
    let times = (0..starts)
        .map(|_| bench.start_usher(Directory::Memory(None)).start_time().as_secs_f64() * 1e3);
    let value = median(times.collect());
    bench.add_row(Row {
        subject: "start without a seed, until ready".to_owned(),
        usher: format!("{starts} starts"),
        compared: String::new(),
        unit: Unit::Millis,
        value,
        limit: Some(15.0),
    });
}

/// Starts the server of one size; that of the greatest size repeatedly, to measure the time.
fn start(bench: &mut Bench, users: usize) -> Sized {
    let seed = bench.file(&format!("growth-{users}.jsonl"));
    seed::write_memory_seed(&seed, users);
    let is_greatest = users == bench.options.most_users();
    let starts = if is_greatest && !bench.options.is_quick { 3 } else { 1 };
    let mut times = Vec::new();
    let mut server = bench.start_usher(Directory::Memory(Some(&seed)));
    times.push(server.start_time().as_secs_f64());
    while times.len() < starts {
        drop(server);
        server = bench.start_usher(Directory::Memory(Some(&seed)));
        times.push(server.start_time().as_secs_f64());
    }
    let start_seconds = median(times);
    if is_greatest {
        bench.add_row(Row {
            subject: format!("start with a seed of {users} lines, until ready"),
            usher: format!("{starts} starts"),
            compared: String::new(),
            unit: Unit::Seconds,
            value: start_seconds,
            limit: Some(5.0),
        });
    }
    thread::sleep(SETTLE);
    let resident_bytes = server.resident();
    for sort in SORTS {
        let url = format!("{}{}", server.url(), page_path(sort, 0, PAGE_SIZE));
        let response = bench.http.get(&url, &bench.token);
        assert_eq!(response.status, 200, "{response:?}");
    }
    thread::sleep(SETTLE);
    let sorted_bytes = server.resident();
    println!("  {users} users: {start_seconds:.2} s, {resident_bytes} B, sorted {sorted_bytes} B");
    bench.results.growth.push(Growth { users, start_seconds, resident_bytes, sorted_bytes });
    Sized { users, server }
}

fn memory(bench: &mut Bench) {
    let growth = &bench.results.growth;
    let (least, most) = (&growth[0], &growth[growth.len() - 1]);
    let users = (most.users - least.users) as f64;
    let row = |when: &str, bytes: fn(&Growth) -> u64| Row {
        subject: format!("memory of one user at {}, {when}", most.users),
        usher: format!("{} MiB in total", bytes(most) >> 20),
        compared: String::new(),
        unit: Unit::Bytes,
        value: bytes(most).saturating_sub(bytes(least)) as f64 / users,
        limit: Some(600.0),
    };
    let rows = [
        row("after the start", |growth| growth.resident_bytes),
        row("after lists in all six orders", |growth| growth.sorted_bytes),
    ];
    for row in rows {
        bench.add_row(row);
    }
}

/// Measures the read of one user at each size, for the plot.
fn one_user(bench: &mut Bench, servers: &[Sized]) {
    let requests = [user_requests(servers[0].users, &bench.token)];
    compare(bench, ONE_USER, servers.iter(), &requests);
}

/// Compares the first, middle and last pages of the greatest directory with those of the smallest.
fn pages(bench: &mut Bench, servers: &[Sized], sort: &str) {
    let (least, most) = (&servers[0], &servers[servers.len() - 1]);
    let mut worst: Option<Row> = None;
    let mut ratios = Vec::new();
    for position in ["first", "middle", "last"] {
        let compared: Vec<&Sized> = if position == "middle" && PLOTTED.contains(&sort) {
            servers.iter().collect()
        } else {
            vec![least, most]
        };
        let requests: Vec<[Vec<Request>; 1]> = compared
            .iter()
            .map(|sized| {
                let pages = sized.users / PAGE_SIZE;
                let page = match position {
                    "first" => 0,
                    "middle" => pages / 2,
                    _ => pages - 1,
                };
                [vec![Request::get(page_path(sort, page, PAGE_SIZE), &bench.token)]]
            })
            .collect();
        let greatest = &requests[requests.len() - 1][0];
        let window = bench.requests_within(WINDOW, &most.server, greatest, 1);
        let contestants: Vec<Contestant<'_>> = compared
            .iter()
            .zip(&requests)
            .map(|(sized, requests)| {
                Contestant::new(server_name(sized.users), &sized.server, requests)
            })
            .collect();
        let workload = page_workload(sort, position);
        let series = bench.compare(&workload, &contestants, 1, Window::Requests(window));
        let row = cpu_row("", &series[series.len() - 1], &series[0], Some(1.5));
        ratios.push(format!("{:.2}", row.value));
        worst = Some(match worst {
            Some(worst) if worst.value >= row.value => worst,
            _ => row,
        });
    }
    let row = worst.unwrap();
    bench.add_row(Row {
        subject: format!(
            "page of 20 by {sort}, {} users: CPU time, worst of three pages",
            most.users
        ),
        usher: format!("{}; first, middle, last page: {}", row.usher, ratios.join(", ")),
        ..row
    });
}

pub(crate) fn page_workload(sort: &str, position: &str) -> String {
    format!("page of 20 by {sort}, {position}")
}

fn compare<'a>(
    bench: &mut Bench,
    workload: &str,
    servers: impl Iterator<Item = &'a Sized>,
    requests: &[Vec<Request>],
) {
    let contestants: Vec<Contestant<'_>> = servers
        .map(|sized| Contestant::new(server_name(sized.users), &sized.server, requests))
        .collect();
    let window = bench.requests_within(WINDOW, contestants[0].server, &requests[0], 1);
    bench.compare(workload, &contestants, 1, Window::Requests(window));
}

/// Returns the median CPU time in microseconds of a request to the server of this size.
pub(crate) fn cost(results: &Results, workload: &str, users: usize) -> Option<f64> {
    results.find(workload, &server_name(users), 1).map(|series| series.median(cpu))
}
