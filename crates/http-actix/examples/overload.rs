//! What ten times the load that a tenant may use does to the service and to another tenant:
//! `make bench`.
//!
//! The service stands before the stand-in for Auth0, which takes 50 ms for each answer. First one
//! tenant calls as fast as it is served, and another one now and then; then the first one sends ten
//! times as much. All of it is measured in the same run, from outside: answers and their times, and
//! from `/proc` the most memory that the service has had.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement that cannot go on should stop, and otherwise print what it saw"
)]

mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::task::JoinSet;

use service::Usher;

const UPSTREAM_MILLIS: u64 = 50;
/// Places of one tenant, which are half of all.
const PLACES: usize = 16;
const QUEUED: usize = 128;
const LASTS: Duration = Duration::from_secs(8);
const TICK: Duration = Duration::from_millis(10);

/// What came of calls.
#[derive(Debug, Default)]
struct Outcomes {
    served: Vec<Duration>,
    shed: Vec<Duration>,
    other: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let sim = service::auth0().await;
    let folder = tempfile::tempdir().unwrap();
    let places = [
        ("USHER__OVERLOAD__MAX_CONCURRENT", (2 * PLACES).to_string()),
        ("USHER__OVERLOAD__MAX_CONCURRENT_PER_TENANT", PLACES.to_string()),
        ("USHER__OVERLOAD__MAX_QUEUED", QUEUED.to_string()),
    ];
    let usher = Usher::start(folder.path(), sim.url(), &places);
    sim.control().update(|switches| switches.latency_millis = UPSTREAM_MILLIS);
    let acme = Caller::new(
        &usher,
        service::token(folder.path(), "acme"),
        "acme/admin/users/auth0%7Cdemo-vera",
    );
    let globex = Caller::new(
        &usher,
        service::token(folder.path(), "globex"),
        "globex/admin/users/auth0%7Cdemo-greta",
    );
    acme.call().await;
    globex.call().await;

    println!(
        "Auth0's stand-in takes {UPSTREAM_MILLIS} ms; {PLACES} places a tenant, {QUEUED} may wait"
    );
    let (served, alone) = beside(&globex, as_fast_as_served(&acme)).await;
    let capacity = served.served.len() as f64 / LASTS.as_secs_f64();
    println!("acme as fast as it is served: {capacity:.0} a second");
    tell("  globex beside it", &alone);
    let before = peak_kib(&usher);

    let each_tick = (10.0 * capacity * TICK.as_secs_f64()).round();
    let (storm, beside_storm) = beside(&globex, flood(&acme, each_tick as usize)).await;
    let after = peak_kib(&usher);
    let offered = storm.served.len() + storm.shed.len() + storm.other;
    let rate = |count: usize| count as f64 / LASTS.as_secs_f64();
    println!(
        "acme sends ten times as much: {:.0} a second, of which {:.0} are served and {:.0} turned \
         away ({} otherwise)",
        rate(offered),
        rate(storm.served.len()),
        rate(storm.shed.len()),
        storm.other
    );
    println!(
        "  turned away within {:.1?} at the median, {:.1?} for 99 of 100",
        at(&storm.shed, 50),
        at(&storm.shed, 99)
    );
    tell("  globex beside it", &beside_storm);
    println!(
        "  served against before: {:.2}; globex's median against before: {:.2}",
        rate(storm.served.len()) / capacity,
        at(&beside_storm.served, 50).as_secs_f64() / at(&alone.served, 50).as_secs_f64()
    );
    println!(
        "  most memory: {before} KiB before, {after} KiB after: {:.2}",
        after as f64 / before as f64
    );
}

fn tell(who: &str, outcomes: &Outcomes) {
    println!(
        "{who}: {} of {} calls served, {:.1?} at the median, {:.1?} for 99 of 100",
        outcomes.served.len(),
        outcomes.served.len() + outcomes.shed.len() + outcomes.other,
        at(&outcomes.served, 50),
        at(&outcomes.served, 99)
    );
}

/// The time that so many of 100 do not exceed.
fn at(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

/// Who calls, and what.
#[derive(Clone)]
struct Caller {
    http: Client,
    url: String,
    token: Arc<str>,
}

impl Caller {
    fn new(usher: &Usher, token: String, path: &str) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        Self { http, url: format!("{}/api/{path}", usher.url), token: token.into() }
    }

    async fn call(&self) -> (u16, Duration) {
        let began = Instant::now();
        let Ok(answer) = self.http.get(&self.url).bearer_auth(&self.token).send().await else {
            return (0, began.elapsed());
        };
        let status = answer.status().as_u16();
        let _ = answer.bytes().await;
        (status, began.elapsed())
    }
}

impl Outcomes {
    fn add(&mut self, (status, took): (u16, Duration)) {
        match status {
            200 => self.served.push(took),
            503 => self.shed.push(took),
            _ => self.other += 1,
        }
    }
}

/// Calls of one caller, one after the other, beside whatever the other one does.
async fn beside(single: &Caller, load: impl Future<Output = Outcomes>) -> (Outcomes, Outcomes) {
    let enough = Arc::new(AtomicBool::new(false));
    let (single, stop) = (single.clone(), Arc::clone(&enough));
    let calls = tokio::spawn(async move {
        let mut outcomes = Outcomes::default();
        while !stop.load(Ordering::Relaxed) {
            outcomes.add(single.call().await);
        }
        outcomes
    });
    let load = load.await;
    enough.store(true, Ordering::Relaxed);
    (load, calls.await.unwrap())
}

/// As many callers as there are places, each calling again as soon as it is answered.
async fn as_fast_as_served(caller: &Caller) -> Outcomes {
    let mut callers = JoinSet::new();
    let end = Instant::now() + LASTS;
    for _ in 0..PLACES {
        let caller = caller.clone();
        callers.spawn(async move {
            let mut outcomes = Vec::new();
            while Instant::now() < end {
                outcomes.push(caller.call().await);
            }
            outcomes
        });
    }
    let mut all = Outcomes::default();
    for outcome in callers.join_all().await.into_iter().flatten() {
        all.add(outcome);
    }
    all
}

/// So many calls with each tick, whatever becomes of them.
async fn flood(caller: &Caller, each_tick: usize) -> Outcomes {
    let mut calls = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    let end = Instant::now() + LASTS;
    while Instant::now() < end {
        ticks.tick().await;
        for _ in 0..each_tick {
            let caller = caller.clone();
            calls.spawn(async move { caller.call().await });
        }
    }
    let mut all = Outcomes::default();
    for outcome in calls.join_all().await {
        all.add(outcome);
    }
    all
}

/// The most memory that the service has had in RAM.
fn peak_kib(usher: &Usher) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", usher.process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
