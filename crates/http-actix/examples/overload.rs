//! Measures the effect of a tenant that sends ten times its capacity on the service and on another
//! tenant (`make bench-overload`).
//!
//! The service uses the stand-in for Auth0, which delays each response by 50 ms. First the tenant
//! acme sends requests as fast as they are served while globex sends one at a time; then acme sends
//! ten times as many. Reports response statuses, latencies, and peak memory from `/proc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark stops on failure and prints its results"
)]

mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::task::JoinSet;

use service::Usher;

const UPSTREAM_MILLIS: u64 = 50;
/// Permits per tenant, which are half of all permits.
const PERMITS: usize = 16;
const QUEUED: usize = 128;
const DURATION: Duration = Duration::from_secs(8);
const TICK: Duration = Duration::from_millis(10);

/// The latencies of requests by outcome.
#[derive(Debug, Default)]
struct Outcomes {
    served: Vec<Duration>,
    rejected: Vec<Duration>,
    other: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let sim = service::start_auth0_sim().await;
    let folder = tempfile::tempdir().unwrap();
    let limits = [
        ("USHER__OVERLOAD__MAX_CONCURRENT", (2 * PERMITS).to_string()),
        ("USHER__OVERLOAD__MAX_CONCURRENT_PER_TENANT", PERMITS.to_string()),
        ("USHER__OVERLOAD__MAX_QUEUED", QUEUED.to_string()),
    ];
    let usher = Usher::start(folder.path(), sim.url(), &limits);
    sim.control().update_switches(|switches| switches.latency_millis = UPSTREAM_MILLIS);
    let acme = Caller::new(
        &usher,
        service::dev_token(folder.path(), "acme"),
        "acme/admin/users/auth0%7Cdemo-vera",
    );
    let globex = Caller::new(
        &usher,
        service::dev_token(folder.path(), "globex"),
        "globex/admin/users/auth0%7Cdemo-greta",
    );
    acme.call().await;
    globex.call().await;

    println!(
        "upstream latency {UPSTREAM_MILLIS} ms; {PERMITS} permits per tenant, queue of {QUEUED}"
    );
    let (served, globex_baseline) = run_alongside(&globex, run_closed_loop(&acme)).await;
    let capacity = served.served.len() as f64 / DURATION.as_secs_f64();
    println!("acme at capacity: {capacity:.0} requests/s");
    print_outcomes("  globex meanwhile", &globex_baseline);
    let before = peak_kib(&usher);

    let each_tick = (10.0 * capacity * TICK.as_secs_f64()).round();
    let (overload, globex_overloaded) =
        run_alongside(&globex, flood(&acme, each_tick as usize)).await;
    let after = peak_kib(&usher);
    let offered = overload.served.len() + overload.rejected.len() + overload.other;
    let rate = |count: usize| count as f64 / DURATION.as_secs_f64();
    println!(
        "acme at ten times capacity: {:.0} requests/s, of which {:.0} served and {:.0} rejected \
         ({} with other outcomes)",
        rate(offered),
        rate(overload.served.len()),
        rate(overload.rejected.len()),
        overload.other
    );
    println!(
        "  rejected within {:.1?} at p50, {:.1?} at p99",
        percentile(&overload.rejected, 50),
        percentile(&overload.rejected, 99)
    );
    print_outcomes("  globex meanwhile", &globex_overloaded);
    println!(
        "  served relative to capacity: {:.2}; globex p50 relative to before: {:.2}",
        rate(overload.served.len()) / capacity,
        percentile(&globex_overloaded.served, 50).as_secs_f64()
            / percentile(&globex_baseline.served, 50).as_secs_f64()
    );
    println!(
        "  peak memory: {before} KiB before, {after} KiB after: {:.2}",
        after as f64 / before as f64
    );
}

fn print_outcomes(label: &str, outcomes: &Outcomes) {
    println!(
        "{label}: {} of {} requests served, {:.1?} at p50, {:.1?} at p99",
        outcomes.served.len(),
        outcomes.served.len() + outcomes.rejected.len() + outcomes.other,
        percentile(&outcomes.served, 50),
        percentile(&outcomes.served, 99)
    );
}

/// Returns a percentile of the latencies.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

/// A caller with a token and a path.
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
        let started = Instant::now();
        let Ok(answer) = self.http.get(&self.url).bearer_auth(&self.token).send().await else {
            return (0, started.elapsed());
        };
        let status = answer.status().as_u16();
        let _ = answer.bytes().await;
        (status, started.elapsed())
    }
}

impl Outcomes {
    fn add(&mut self, (status, elapsed): (u16, Duration)) {
        match status {
            200 => self.served.push(elapsed),
            503 => self.rejected.push(elapsed),
            _ => self.other += 1,
        }
    }
}

/// Sends requests of one caller, one at a time, while `load` runs.
async fn run_alongside(
    caller: &Caller,
    load: impl Future<Output = Outcomes>,
) -> (Outcomes, Outcomes) {
    let stop_flag = Arc::new(AtomicBool::new(false));
    let (caller, stop) = (caller.clone(), Arc::clone(&stop_flag));
    let calls = tokio::spawn(async move {
        let mut outcomes = Outcomes::default();
        while !stop.load(Ordering::Relaxed) {
            outcomes.add(caller.call().await);
        }
        outcomes
    });
    let load = load.await;
    stop_flag.store(true, Ordering::Relaxed);
    (load, calls.await.unwrap())
}

/// Runs one caller per permit, each sending the next request after a response.
async fn run_closed_loop(caller: &Caller) -> Outcomes {
    let mut callers = JoinSet::new();
    let end = Instant::now() + DURATION;
    for _ in 0..PERMITS {
        let caller = caller.clone();
        callers.spawn(async move {
            let mut outcomes = Vec::new();
            while Instant::now() < end {
                outcomes.push(caller.call().await);
            }
            outcomes
        });
    }
    let mut outcomes = Outcomes::default();
    for outcome in callers.join_all().await.into_iter().flatten() {
        outcomes.add(outcome);
    }
    outcomes
}

/// Sends a fixed number of requests per tick without waiting for responses.
async fn flood(caller: &Caller, each_tick: usize) -> Outcomes {
    let mut calls = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    let end = Instant::now() + DURATION;
    while Instant::now() < end {
        ticks.tick().await;
        for _ in 0..each_tick {
            let caller = caller.clone();
            calls.spawn(async move { caller.call().await });
        }
    }
    let mut outcomes = Outcomes::default();
    for outcome in calls.join_all().await {
        outcomes.add(outcome);
    }
    outcomes
}

/// Returns the peak resident memory of the service.
fn peak_kib(usher: &Usher) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", usher.process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
