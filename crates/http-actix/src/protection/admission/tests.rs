use std::pin::pin;
use std::time::Duration;

use domain::TenantId;
use futures_util::FutureExt;
use futures_util::future::join_all;
use prometheus_client::registry::Registry;

use super::*;

const SETTINGS: OverloadSettings = OverloadSettings {
    concurrent: 4,
    concurrent_per_tenant: 3,
    queued: 6,
    wait: Duration::from_secs(1),
};

fn of(tenant: &str) -> QuotaOwner {
    QuotaOwner::Tenant(tenant.parse::<TenantId>().unwrap())
}

fn admission(settings: OverloadSettings) -> Admission {
    Admission::new(settings, HttpMetrics::register(&mut Registry::default()))
}

/// A permit that is there without waiting.
fn at_once(admission: &Admission, tenant: &str) -> Permit {
    admission.enter(of(tenant)).now_or_never().unwrap().unwrap()
}

fn counts(admission: &Admission) -> (i64, i64) {
    let metrics = &admission.0.metrics;
    (metrics.in_flight.get(), metrics.queued.get())
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_waits_for_one_that_becomes_free() {
    let admission = admission(SETTINGS);
    let places: Vec<_> = ["a", "a", "b", "c"].map(|name| at_once(&admission, name)).into();
    let mut waits = pin!(admission.enter(of("d")));
    assert!(waits.as_mut().now_or_never().is_none());
    assert_eq!(counts(&admission), (4, 1));
    drop(places);
    let permit = waits.await.unwrap();
    assert_eq!(counts(&admission), (1, 0));
    drop(permit);
    assert_eq!(counts(&admission), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_is_set() {
    let admission = admission(SETTINGS);
    let _places = ["a", "a", "b", "c"].map(|name| at_once(&admission, name));
    let began = tokio::time::Instant::now();
    assert_eq!(admission.enter(of("d")).await.unwrap_err(), ShedReason::WaitedTooLong);
    assert_eq!(began.elapsed(), SETTINGS.wait);
    assert_eq!(counts(&admission), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn one_tenant_leaves_room_for_the_others() {
    let admission = admission(SETTINGS);
    let places = [(); 3].map(|()| at_once(&admission, "a"));
    assert!(admission.enter(of("a")).now_or_never().is_none(), "it has its most");
    let other = at_once(&admission, "b");
    drop(places);
    drop(other);
    assert_eq!(counts(&admission), (0, 0), "nothing is left over of the one that went away");
    drop(at_once(&admission, "a"));
}

#[tokio::test(start_paused = true)]
async fn where_too_many_wait_the_longest_line_loses_its_last() {
    let admission = admission(SETTINGS);
    let places = ["x", "x", "y", "y"].map(|name| at_once(&admission, name));
    let mut storm: Vec<_> = (0..6).map(|_| Box::pin(admission.enter(of("a")))).collect();
    for wait in &mut storm {
        assert!(wait.now_or_never().is_none());
    }
    // One more of the same is turned away at once, and nobody else for it.
    let refused = admission.enter(of("a")).now_or_never().unwrap();
    assert_eq!(refused.unwrap_err(), ShedReason::QueueFull);
    // One of somebody else takes the permit of the storm's last.
    let mut other = pin!(admission.enter(of("b")));
    assert!(other.as_mut().now_or_never().is_none());
    let last = storm.pop().unwrap().now_or_never().unwrap();
    assert_eq!(last.unwrap_err(), ShedReason::QueueFull);
    // And it comes second at the latest, however many were there before it.
    drop(places);
    assert!(other.now_or_never().unwrap().is_ok());
    // Of the storm, those that were in line before it have the other places.
    let served = storm.iter_mut().filter_map(FutureExt::now_or_never);
    assert_eq!(served.map(Result::unwrap).collect::<Vec<_>>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_leaves_no_trace() {
    let admission = admission(SETTINGS);
    let places = ["x", "x", "y", "y"].map(|name| at_once(&admission, name));
    for _ in 0..100 {
        assert!(admission.enter(of("a")).now_or_never().is_none());
    }
    assert_eq!(counts(&admission), (4, 0));
    // They make room for somebody who does wait.
    let mut waits = pin!(admission.enter(of("b")));
    assert!(waits.as_mut().now_or_never().is_none());
    drop(places);
    assert!(waits.await.is_ok());
    assert_eq!(admission.lock().held(), 0);
    assert_eq!(admission.lock().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_nobody_takes_any_more_is_free() {
    let admission = admission(SETTINGS);
    let mut places = ["x", "x", "y", "y"].map(|name| at_once(&admission, name)).into_iter();
    let mut gone = Box::pin(admission.enter(of("a")));
    assert!((&mut gone).now_or_never().is_none());
    // It is given the permit, and goes away before it has noticed.
    drop(places.next());
    drop(gone);
    assert_eq!(admission.lock().held(), 3);
    drop(at_once(&admission, "b"));
}

#[tokio::test(start_paused = true)]
async fn everybody_is_served_and_never_more_at_once_than_is_set() {
    let settings = OverloadSettings { queued: 1000, ..SETTINGS };
    let admission = admission(settings);
    let one = |number: usize| {
        let admission = admission.clone();
        async move {
            let permit = admission.enter(of(["a", "b", "c"][number % 3])).await.unwrap();
            let (busy, _) = counts(&admission);
            assert!(usize::try_from(busy).unwrap() <= settings.concurrent);
            tokio::task::yield_now().await;
            drop(permit);
        }
    };
    join_all((0..300).map(one)).await;
    assert_eq!(counts(&admission), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whose_token_names_no_tenant_has_a_quarter() {
    let admission =
        admission(OverloadSettings { concurrent: 100, concurrent_per_tenant: 8, ..SETTINGS });
    let caller = |number| QuotaOwner::Caller(domain::CallerKey::new([number; 32]));
    for number in 0..3 {
        let places: Vec<_> = std::iter::from_fn(|| {
            admission.enter(caller(number)).now_or_never().map(Result::unwrap)
        })
        .collect();
        assert_eq!(places.len(), 2);
    }
}
