//! One user, lists, creation and new tokens, against the bare server.

use crate::bare;
use crate::comparison::{Contestant, Series};
use crate::context::Bench;
use crate::load::{Request, Sample, Window};
use crate::process::Server;
use crate::report::results::{Row, Unit};
use crate::seed::{self, TENANT, User};
use crate::usher::Directory;

/// The users of the directory, all of one tenant.
const USERS: usize = 1_000;
/// The new users, and the new tokens, of one round.
const CREATED: u32 = 3_000;
const NEW_TOKENS: u32 = 2_000;
/// More requests than a round sends after its last one: wrk takes one before the start, and each
/// connection can take one at the end.
const MARGIN: usize = 64;

pub(crate) fn run(bench: &mut Bench) {
    let seed = bench.file("hot-path.jsonl");
    seed::write_memory_seed(&seed, USERS);
    let servers = Servers {
        usher: bench.start_usher(Directory::Memory(Some(&seed))),
        bare: bare::start_memory(&bench.issuer, &seed),
    };
    get_one(bench, &servers);
    lists(bench, &servers);
    new_tokens(bench, &servers);
    create(bench, &servers);
}

struct Servers {
    usher: Server,
    bare: Server,
}

impl Servers {
    /// Compares both with the same requests, after one request that warms up.
    fn compare(
        &self,
        bench: &mut Bench,
        workload: &str,
        requests: &[Vec<Request>],
        connections: u32,
        window: Window,
    ) -> [Series; 2] {
        let contestants = [
            Contestant::new("usher", &self.usher, requests),
            Contestant::new("bare", &self.bare, requests),
        ];
        bench.compare(workload, &contestants, connections, window).try_into().unwrap()
    }

    /// Stops if the bodies of both responses differ.
    fn assert_same_body(&self, bench: &Bench, path: &str) {
        let [usher, bare] = [&self.usher, &self.bare].map(|server| {
            let response = bench.http.get(&format!("{}{path}", server.url()), &bench.token);
            assert_eq!(response.status, 200, "{path}: {response:?}");
            String::from_utf8(response.body).unwrap()
        });
        let equal = usher.bytes().zip(bare.bytes()).take_while(|(ours, theirs)| ours == theirs);
        let at = equal.count();
        assert!(
            usher == bare,
            "{path}: from byte {at} on, {:?} and {:?}",
            from(&usher, at),
            from(&bare, at)
        );
    }
}

/// Returns a part of the text that shows where two texts differ.
fn from(text: &str, at: usize) -> String {
    text.chars().skip(at.saturating_sub(40)).take(120).collect()
}

/// The CPU time of one request.
pub(crate) fn cpu(sample: &Sample) -> f64 {
    sample.cpu_micros_per_request
}

/// The path of the user with this number.
pub(crate) fn user_path(number: usize) -> String {
    format!("/api/v1/users/{}", seed::segment(&User::new(number).id))
}

/// Requests for each of these users.
pub(crate) fn user_requests(users: usize, token: &str) -> Vec<Request> {
    (0..users).map(|number| Request::get(user_path(number), token)).collect()
}

/// The path of a page of the list of users.
pub(crate) fn page_path(sort: &str, number: usize, size: usize) -> String {
    format!(
        "/api/v1/users?filter%5Btenant%5D={TENANT}&page%5Bnumber%5D={number}&page%5Bsize%5D={size}&sort={sort}"
    )
}

fn get_one(bench: &mut Bench, servers: &Servers) {
    servers.assert_same_body(bench, &user_path(0));
    servers.assert_same_body(bench, &user_path(USERS - 1));
    let requests = [user_requests(USERS, &bench.token)];
    let seconds = if bench.options.is_quick { 1 } else { 2 };
    for (connections, goal) in [(1, None), (16, Some(1.3)), (64, Some(1.4))] {
        let window = Window::Seconds(seconds);
        let [usher, bare] = servers.compare(bench, "get one user", &requests, connections, window);
        let subject = format!("get one user, {}", counted(connections));
        bench.add_row(cpu_row(&subject, &usher, &bare, goal));
    }
}

fn lists(bench: &mut Bench, servers: &Servers) {
    for (sort, size) in [("id", 20), ("createdAt", 20), ("lastName", 20), ("id", 100)] {
        for page in [0, USERS / size - 1] {
            servers.assert_same_body(bench, &page_path(sort, page, size));
        }
        let pages = (0..USERS / size).map(|page| page_path(sort, page, size));
        let requests = [pages.map(|path| Request::get(path, &bench.token)).collect()];
        let workload = format!("list of {size} by {sort}");
        let [usher, bare] = servers.compare(bench, &workload, &requests, 16, Window::Seconds(1));
        let subject = format!("{workload}, {USERS} users");
        bench.add_row(cpu_row(&subject, &usher, &bare, Some(1.3)));
    }
}

fn new_tokens(bench: &mut Bench, servers: &Servers) {
    let tokens_of_round = |round: usize| {
        let count = NEW_TOKENS as usize + MARGIN;
        let tokens = bench.issuer.tokens(1 + round * count..1 + (round + 1) * count);
        let requests = tokens.iter().enumerate();
        requests.map(|(at, token)| Request::get(user_path(at % USERS), token)).collect()
    };
    let requests: Vec<Vec<Request>> = (0..=bench.options.rounds).map(tokens_of_round).collect();
    let window = Window::Requests(NEW_TOKENS);
    let [usher, bare] = servers.compare(bench, "RS256 token seen first", &requests, 16, window);
    bench.add_row(cpu_row("RS256 token seen first", &usher, &bare, Some(1.15)));
}

fn create(bench: &mut Bench, servers: &Servers) {
    let requests_of_round = |round: usize| {
        let count = CREATED as usize + MARGIN;
        let numbers = round * count..(round + 1) * count;
        numbers.map(|number| create_request(number, &bench.token)).collect()
    };
    let requests: Vec<Vec<Request>> = (0..=bench.options.rounds).map(requests_of_round).collect();
    let window = Window::Requests(CREATED);
    let [usher, bare] = servers.compare(bench, "create without password", &requests, 16, window);
    bench.add_row(cpu_row("create without password", &usher, &bare, Some(1.4)));
}

fn create_request(number: usize, token: &str) -> Request {
    let body = format!(
        r#"{{"email":"new.{number}@acme.example","username":"new.{number}","firstName":"New","lastName":"User","serviceUser":false,"tenantName":"{TENANT}"}}"#
    );
    let (path, token) = ("/api/v1/users".to_owned(), token.to_owned());
    Request { method: "POST", path, token, body }
}

/// Returns `1 connection` or `16 connections`.
pub(crate) fn counted(connections: u32) -> String {
    format!("{connections} connection{}", if connections == 1 { "" } else { "s" })
}

/// A row that compares the CPU time with that of another server.
pub(crate) fn cpu_row(subject: &str, usher: &Series, other: &Series, limit: Option<f64>) -> Row {
    Row {
        subject: format!("{subject}: CPU time"),
        usher: format!("{:.1} µs", usher.median(cpu)),
        compared: format!("{}: {:.1} µs", other.server, other.median(cpu)),
        unit: Unit::Ratio,
        value: usher.ratio_to(other, cpu),
        limit,
    }
}
