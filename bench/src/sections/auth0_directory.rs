//! Auth0 as the directory, against the pass-through and the other gateways.

use reqwest::Method;
use serde_json::Value;

use crate::auth0::Auth0;
use crate::bare;
use crate::comparison::{Contestant, Series};
use crate::context::Bench;
use crate::load::{Request, Sample, Window};
use crate::peers;
use crate::process::Server;
use crate::report::results::{Row, Unit};
use crate::sections::hot_path::{counted, cpu_row, page_path, user_path, user_requests};
use crate::seed::{self, User};
use crate::usher::Directory;

/// The users of the directory, all of one tenant. More than 100, so that no list holds all.
const USERS: usize = 500;
/// The numbers of connections of all comparisons.
pub(crate) const CONNECTIONS: [u32; 3] = [1, 16, 64];
/// The latency of the stand-in for the comparison with a direct call.
const LATENCY_MILLIS: u32 = 20;
/// The equal requests in flight, and the latency that keeps them there.
const EQUAL: usize = 64;
const EQUAL_LATENCY_MILLIS: u32 = 500;

pub(crate) const GET_ONE: &str = "Auth0, get one user";
pub(crate) const GET_ONE_SLOW: &str = "Auth0 at 20 ms, get one user";

/// Starts a gateway in front of a directory, with the tokens of an issuer.
type Start = fn(&Auth0, &Auth0) -> Result<Server, String>;

/// The servers in front of one directory.
struct Servers {
    usher: Server,
    pass_through: Server,
    peers: Vec<(&'static str, Server)>,
}

impl Servers {
    fn all(&self) -> impl Iterator<Item = (&'static str, &Server)> {
        let ours = [("usher", &self.usher), ("pass-through", &self.pass_through)];
        ours.into_iter().chain(self.peers.iter().map(|(name, server)| (*name, server)))
    }

    fn contestants<'a>(&'a self, requests: &'a [Vec<Request>]) -> Vec<Contestant<'a>> {
        self.all().map(|(name, server)| Contestant::new(name, server, requests)).collect()
    }
}

pub(crate) fn run(bench: &mut Bench) {
    let directory = bench.start_directory(USERS);
    let mut servers = Servers {
        usher: bench.start_usher(Directory::Auth0(&directory)),
        pass_through: bare::start_pass_through(&bench.issuer, &directory),
        peers: Vec::new(),
    };
    for (name, start) in
        [("Express", peers::start_express as Start), ("FastAPI", peers::start_fastapi)]
    {
        match start(&bench.issuer, &directory) {
            Ok(server) => servers.peers.push((name, server)),
            Err(reason) => {
                println!("  {name} is not measured: {reason}");
                bench.results.missing.push(format!("{name}: {reason}"));
            }
        }
    }
    assert_same_json(bench, &servers, &user_path(7));
    assert_same_json(bench, &servers, &page_path("id", 0, 20));
    get_one(bench, &servers);
    first_page(bench, &servers);
    added_latency(bench, &servers, &directory);
    equal_requests(bench, &servers.usher, &directory);
}

/// Stops if a gateway responds with other JSON than Usher.
fn assert_same_json(bench: &Bench, servers: &Servers, path: &str) {
    let json = |server: &Server| -> Value {
        let response = bench.http.get(&format!("{}{path}", server.url()), &bench.token);
        assert_eq!(response.status, 200, "{path}: {}", String::from_utf8_lossy(&response.body));
        response.json()
    };
    let expected = json(&servers.usher);
    for (name, server) in &servers.peers {
        assert_eq!(json(server), without_sort(&expected), "{path} of {name}");
    }
}

/// Removes the parameter `sort` from links: the gateways have only one order.
fn without_sort(list: &Value) -> Value {
    serde_json::from_str(&list.to_string().replace("&sort=id", "")).unwrap()
}

fn get_one(bench: &mut Bench, servers: &Servers) {
    let requests = [user_requests(USERS, &bench.token)];
    for connections in CONNECTIONS {
        let contestants = servers.contestants(&requests);
        let series = bench.compare(GET_ONE, &contestants, connections, Window::Seconds(1));
        let limit = (connections == 16).then_some(1.5);
        add_cpu_rows(bench, &format!("{GET_ONE}, {}", counted(connections)), &series, limit);
    }
}

/// One connection, so that no equal reads are in flight that Usher could share.
fn first_page(bench: &mut Bench, servers: &Servers) {
    let requests = [vec![Request::get(page_path("id", 0, 20), &bench.token)]];
    let workload = "Auth0, first page of 20";
    let series = bench.compare(workload, &servers.contestants(&requests), 1, Window::Seconds(1));
    add_cpu_rows(bench, workload, &series, Some(1.5));
}

/// Adds a row for each server besides Usher. The goal is about the pass-through.
fn add_cpu_rows(bench: &mut Bench, subject: &str, series: &[Series], limit: Option<f64>) {
    let (usher, others) = series.split_first().unwrap();
    for other in others {
        let limit = limit.filter(|_| other.server == "pass-through");
        bench.add_row(cpu_row(subject, usher, other, limit));
    }
}

fn added_latency(bench: &mut Bench, servers: &Servers, directory: &Auth0) {
    directory.set_latency(LATENCY_MILLIS);
    let token = directory.management_token();
    let direct = [(0..USERS)
        .map(|number| {
            let id = seed::segment(&User::new(number).id);
            Request::get(format!("/api/v2/users/{id}"), &token)
        })
        .collect()];
    let requests = [user_requests(USERS, &bench.token)];
    for connections in CONNECTIONS {
        let mut contestants = servers.contestants(&requests);
        contestants.push(Contestant {
            name: "direct".to_owned(),
            server: &directory.server,
            url: directory.url().to_owned(),
            requests: &direct,
        });
        let series = bench.compare(GET_ONE_SLOW, &contestants, connections, Window::Seconds(2));
        let (direct, gateways) = series.split_last().unwrap();
        for gateway in gateways {
            let p50 = |sample: &Sample| sample.p50_millis;
            let limit = (gateway.server == "usher" && connections > 1).then_some(0.5);
            bench.add_row(Row {
                subject: format!(
                    "{GET_ONE_SLOW}, {}: p50 of {} over a direct call",
                    counted(connections),
                    gateway.server
                ),
                usher: format!("{}: {:.2} ms", gateway.server, gateway.median(p50)),
                compared: format!("direct: {:.2} ms", direct.median(p50)),
                unit: Unit::Millis,
                value: gateway.excess_over(direct, p50),
                limit,
            });
        }
    }
    directory.set_latency(0);
}

fn equal_requests(bench: &mut Bench, usher: &Server, directory: &Auth0) {
    directory.set_latency(EQUAL_LATENCY_MILLIS);
    directory.clear_calls();
    let url = format!("{}{}", usher.url(), user_path(3));
    let requests = vec![(Method::GET, url, String::new()); EQUAL];
    let responses = bench.http.send_all(requests, &bench.token, EQUAL);
    assert!(responses.iter().all(|response| response.status == 200));
    let calls = directory.calls("GET /api/v2/users/{id}");
    directory.set_latency(0);
    bench.add_row(Row {
        subject: format!("Auth0, {EQUAL} equal reads in flight: upstream calls"),
        usher: String::new(),
        compared: String::new(),
        unit: Unit::Calls,
        value: calls as f64,
        limit: Some(1.0),
    });
}
