//! What Auth0 takes in a second, shared out among those who call at once.

use std::time::Duration;

use auth0_adapter::Auth0Directory;
use auth0_sim::{Config, RateLimit};
use conformance::Caller;
use domain::{User, UserId};
use ports::{CallContext, PortResult, QuotaOwner, UserDirectory};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::book::Note;
use crate::support::{Bench, GET_USER, directory_at, name};

/// A tenant that takes so many calls in a second and no more at once, of which the directory has
/// heard.
async fn limited(each_second: u64) -> Bench {
    let bench = Bench::with(Config::default(), |_| {}).await;
    bench.control().update(|switches| {
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

/// A look at jane on behalf of a tenant, that has so much time.
fn look(
    directory: &Auth0Directory,
    jane: &User,
    tenant: &str,
    time: Duration,
) -> impl Future<Output = PortResult<()>> + Send + 'static {
    let (directory, id) = (directory.clone(), jane.id.clone());
    let call = CallContext::new("a-request".into(), Instant::now() + time);
    call.set_quota_owner(QuotaOwner::Tenant(tenant.parse().unwrap()));
    let find = async move |id: UserId| directory.find(&Caller::operator().views(), &id).await;
    call.scope(async move { find(id).await.map(drop) })
}

/// How many wait, as the watch was told last.
fn waiting(bench: &Bench) -> usize {
    let of_reads = |note: &Note| match note {
        Note::Waiting("read", calls) => Some(*calls),
        Note::Waiting(..) | Note::UpstreamRequest(_) | Note::Quota(..) | Note::CircuitState(..) => {
            None
        }
    };
    bench.book.notes().iter().rev().find_map(of_reads).unwrap_or_default()
}

#[tokio::test]
async fn a_crowd_makes_few_more_calls_than_it_is_and_all_succeed_in_time() {
    let bench = limited(30).await;
    let mut crowd = JoinSet::new();
    for _ in 0..60 {
        crowd.spawn(look(&bench.directory, &bench.jane, "acme", Duration::from_secs(30)));
    }
    let outcomes: Vec<_> = crowd.join_all().await.iter().map(name).collect();
    assert_eq!(outcomes, ["ok"; 60]);
    let calls = bench.calls(GET_USER);
    assert!((60..=66).contains(&calls), "{calls}");
    assert_eq!(waiting(&bench), 0);
}

#[tokio::test]
async fn a_storm_of_one_tenant_does_not_starve_another() {
    let bench = limited(20).await;
    let mut storm = JoinSet::new();
    for _ in 0..400 {
        storm.spawn(look(&bench.directory, &bench.jane, "acme", Duration::from_secs(20)));
    }
    while waiting(&bench) < 300 {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        let start = Instant::now();
        look(&bench.directory, &bench.jane, "globex", Duration::from_secs(20)).await.unwrap();
        // The window that is used up, and the way there and back.
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    assert!(waiting(&bench) > 200, "the storm is not over: {}", waiting(&bench));
    storm.abort_all();
    while storm.join_next().await.is_some() {}
}

#[tokio::test]
async fn two_processes_get_along() {
    let bench = limited(20).await;
    let others = directory_at(bench.sim.url(), |_| {});
    let mut crowd = JoinSet::new();
    for _ in 0..25 {
        for directory in [&bench.directory, &others] {
            crowd.spawn(look(directory, &bench.jane, "acme", Duration::from_secs(30)));
        }
    }
    let outcomes: Vec<_> = crowd.join_all().await.iter().map(name).collect();
    assert_eq!(outcomes, ["ok"; 50]);
    // The one that has not heard of the limit yet runs into it once.
    let calls = bench.calls(GET_USER);
    assert!((50..=90).contains(&calls), "{calls}");
}

#[tokio::test]
async fn who_cannot_have_a_turn_in_time_is_told_to_come_again() {
    let bench = limited(5).await;
    let mut crowd = JoinSet::new();
    for _ in 0..30 {
        crowd.spawn(look(&bench.directory, &bench.jane, "acme", Duration::from_millis(1500)));
    }
    let outcomes: Vec<_> = crowd.join_all().await;
    for outcome in &outcomes {
        assert!(outcome.is_ok() || crate::support::wait(outcome).is_some(), "{outcome:?}");
    }
    let in_time = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!((5..=16).contains(&in_time), "{in_time}");
    let calls = bench.calls(GET_USER);
    assert!(calls <= in_time as u64 + 3, "{calls} for {in_time}");
    assert_eq!(waiting(&bench), 0);
}
