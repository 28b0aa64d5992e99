//! The rate limit of Auth0, shared among concurrent calls.

use std::time::Duration;

use auth0_adapter::Auth0Directory;
use auth0_sim::{Config, RateLimit};
use conformance::Caller;
use domain::UserId;
use ports::{CallContext, PortResult, QuotaOwner, UserDirectory};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::recording_observer::Observation;
use crate::support::{Bench, GET_USER, directory_at, outcome_name};

/// A tenant with this rate limit and burst, which the directory has observed.
async fn limited(each_second: u64) -> Bench {
    let bench = Bench::with(Config::default(), |_| {}).await;
    bench.control().update_switches(|switches| {
        switches.rate_limit = Some(RateLimit {
            global_burst: each_second,
            global_per_second: each_second,
            endpoints: Vec::new(),
            authentication: None,
            retry_after_header: false,
        });
    });
    bench.find().await.unwrap();
    bench.control().reset_calls();
    bench
}

/// Finds an account on behalf of a tenant, within this time.
fn find_as(
    directory: &Auth0Directory,
    id: UserId,
    tenant: &str,
    time: Duration,
) -> impl Future<Output = PortResult<()>> + Send + 'static {
    let directory = directory.clone();
    let call = CallContext::new("a-request".into(), Instant::now() + time);
    call.set_quota_owner(QuotaOwner::Tenant(tenant.parse().unwrap()));
    let find = async move |id: UserId| directory.find(&Caller::operator().views(), &id).await;
    call.scope(async move { find(id).await.map(drop) })
}

/// Returns the number of waiting calls that was last observed.
fn waiting(bench: &Bench) -> usize {
    let of_reads = |observation: &Observation| match observation {
        Observation::Waiting("read", calls) => Some(*calls),
        Observation::Waiting(..)
        | Observation::Request(_)
        | Observation::Quota(..)
        | Observation::Circuit(..) => None,
    };
    bench.observer.observations().iter().rev().find_map(of_reads).unwrap_or_default()
}

#[tokio::test]
async fn rate_limited_burst_succeeds_with_few_extra_calls() {
    let bench = limited(30).await;
    let mut calls_in_flight = JoinSet::new();
    for number in 0..60 {
        calls_in_flight.spawn(find_as(
            &bench.directory,
            bench.numbered(number),
            "acme",
            Duration::from_secs(30),
        ));
    }
    let outcomes: Vec<_> = calls_in_flight.join_all().await.iter().map(outcome_name).collect();
    assert_eq!(outcomes, ["ok"; 60]);
    let calls = bench.calls(GET_USER);
    assert!((60..=66).contains(&calls), "{calls}");
    assert_eq!(waiting(&bench), 0);
}

#[tokio::test]
async fn flooding_tenant_does_not_starve_another() {
    let bench = limited(20).await;
    let mut flood = JoinSet::new();
    for number in 0..400 {
        let id = bench.numbered(number);
        flood.spawn(find_as(&bench.directory, id, "acme", Duration::from_mins(1)));
    }
    bench.observer.wait_until(|_| waiting(&bench) >= 300).await;
    for _ in 0..3 {
        let id = bench.jane.id.clone();
        find_as(&bench.directory, id, "globex", Duration::from_mins(1)).await.unwrap();
    }
    // In a common queue, these calls would have waited for all of the flood.
    assert!(waiting(&bench) > 0, "the flood is over");
    flood.abort_all();
    while flood.join_next().await.is_some() {}
}

#[tokio::test]
async fn two_processes_share_the_quota() {
    let bench = limited(20).await;
    let others = directory_at(bench.sim.url(), |_| {});
    let mut calls_in_flight = JoinSet::new();
    for number in 0..25 {
        for directory in [&bench.directory, &others] {
            let id = bench.numbered(number);
            calls_in_flight.spawn(find_as(directory, id, "acme", Duration::from_secs(30)));
        }
    }
    let outcomes: Vec<_> = calls_in_flight.join_all().await.iter().map(outcome_name).collect();
    assert_eq!(outcomes, ["ok"; 50]);
    // The process that has not observed the limit yet gets one 429.
    let calls = bench.calls(GET_USER);
    assert!((50..=90).contains(&calls), "{calls}");
}

#[tokio::test]
async fn call_without_quota_in_time_gets_retry_after() {
    let bench = limited(5).await;
    let mut calls_in_flight = JoinSet::new();
    for number in 0..30 {
        calls_in_flight.spawn(find_as(
            &bench.directory,
            bench.numbered(number),
            "acme",
            Duration::from_millis(1500),
        ));
    }
    let outcomes: Vec<_> = calls_in_flight.join_all().await;
    for outcome in &outcomes {
        assert!(outcome.is_ok() || crate::support::retry_after(outcome).is_some(), "{outcome:?}");
    }
    let in_time = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((5..=16).contains(&in_time), "{in_time}");
    let calls = bench.calls(GET_USER);
    assert!(calls <= in_time as u64 + 3, "{calls} for {in_time}");
    assert_eq!(waiting(&bench), 0);
}
