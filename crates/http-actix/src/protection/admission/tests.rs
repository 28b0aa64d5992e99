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
    list_bytes: 0,
};

fn owner(tenant: &str) -> QuotaOwner {
    QuotaOwner::Tenant(tenant.parse::<TenantId>().unwrap())
}

fn admission(settings: OverloadSettings) -> Admission {
    Admission::new(settings, HttpMetrics::register(&mut Registry::default()))
}

/// Returns a permit that is free.
fn free_permit(admission: &Admission, tenant: &str) -> Permit {
    admission.acquire(owner(tenant)).now_or_never().unwrap().unwrap()
}

fn counts(admission: &Admission) -> (i64, i64) {
    let metrics = &admission.0.metrics;
    (metrics.in_flight.get(), metrics.queued.get())
}

#[tokio::test(start_paused = true)]
async fn waiter_gets_a_released_permit() {
    let admission = admission(SETTINGS);
    let permits: Vec<_> = ["a", "a", "b", "c"].map(|name| free_permit(&admission, name)).into();
    let mut waiting = pin!(admission.acquire(owner("d")));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert_eq!(counts(&admission), (4, 1));
    drop(permits);
    let permit = waiting.await.unwrap();
    assert_eq!(counts(&admission), (1, 0));
    drop(permit);
    assert_eq!(counts(&admission), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn wait_ends_after_the_configured_time() {
    let admission = admission(SETTINGS);
    let _permits = ["a", "a", "b", "c"].map(|name| free_permit(&admission, name));
    let began = tokio::time::Instant::now();
    assert_eq!(admission.acquire(owner("d")).await.unwrap_err(), ShedReason::WaitedTooLong);
    assert_eq!(began.elapsed(), SETTINGS.wait);
    assert_eq!(counts(&admission), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn one_tenant_cannot_hold_all_permits() {
    let admission = admission(SETTINGS);
    let permits = [(); 3].map(|()| free_permit(&admission, "a"));
    assert!(admission.acquire(owner("a")).now_or_never().is_none(), "tenant limit reached");
    let other = free_permit(&admission, "b");
    drop(permits);
    drop(other);
    assert_eq!(counts(&admission), (0, 0), "the cancelled waiter holds nothing");
    drop(free_permit(&admission, "a"));
}

#[tokio::test(start_paused = true)]
async fn full_queue_evicts_newest_waiter_of_the_longest_queue() {
    let admission = admission(SETTINGS);
    let permits = ["x", "x", "y", "y"].map(|name| free_permit(&admission, name));
    let mut waiters: Vec<_> = (0..6).map(|_| Box::pin(admission.acquire(owner("a")))).collect();
    for wait in &mut waiters {
        assert!(wait.now_or_never().is_none());
    }
    // Another request of the same tenant is rejected at once and evicts no other.
    let rejected = admission.acquire(owner("a")).now_or_never().unwrap();
    assert_eq!(rejected.unwrap_err(), ShedReason::QueueFull);
    // A request of another tenant evicts the newest waiter.
    let mut other = pin!(admission.acquire(owner("b")));
    assert!(other.as_mut().now_or_never().is_none());
    let last = waiters.pop().unwrap().now_or_never().unwrap();
    assert_eq!(last.unwrap_err(), ShedReason::QueueFull);
    // It is second at the latest, however many waiters came earlier.
    drop(permits);
    assert!(other.now_or_never().unwrap().is_ok());
    // Earlier waiters get the other permits.
    let served = waiters.iter_mut().filter_map(FutureExt::now_or_never);
    assert_eq!(served.map(Result::unwrap).collect::<Vec<_>>().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn cancelled_waiters_are_removed() {
    let admission = admission(SETTINGS);
    let permits = ["x", "x", "y", "y"].map(|name| free_permit(&admission, name));
    for _ in 0..100 {
        assert!(admission.acquire(owner("a")).now_or_never().is_none());
    }
    assert_eq!(counts(&admission), (4, 0));
    // They give way to a request that still waits.
    let mut waiting = pin!(admission.acquire(owner("b")));
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(permits);
    assert!(waiting.await.is_ok());
    assert_eq!(admission.lock().held(), 0);
    assert_eq!(admission.lock().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn permit_of_a_cancelled_waiter_is_released() {
    let admission = admission(SETTINGS);
    let mut permits = ["x", "x", "y", "y"].map(|name| free_permit(&admission, name)).into_iter();
    let mut cancelled = Box::pin(admission.acquire(owner("a")));
    assert!((&mut cancelled).now_or_never().is_none());
    // It is handed the permit, and is cancelled before it takes it.
    drop(permits.next());
    drop(cancelled);
    assert_eq!(admission.lock().held(), 3);
    drop(free_permit(&admission, "b"));
}

#[tokio::test(start_paused = true)]
async fn every_request_is_served_within_the_limit() {
    let settings = OverloadSettings { queued: 1000, ..SETTINGS };
    let admission = admission(settings);
    let one = |number: usize| {
        let admission = admission.clone();
        async move {
            let permit = admission.acquire(owner(["a", "b", "c"][number % 3])).await.unwrap();
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
async fn caller_without_tenant_gets_a_quarter() {
    let admission =
        admission(OverloadSettings { concurrent: 100, concurrent_per_tenant: 8, ..SETTINGS });
    let caller = |number| QuotaOwner::Caller(domain::CallerKey::new([number; 32]));
    for number in 0..3 {
        let permits: Vec<_> = std::iter::from_fn(|| {
            admission.acquire(caller(number)).now_or_never().map(Result::unwrap)
        })
        .collect();
        assert_eq!(permits.len(), 2);
    }
}
