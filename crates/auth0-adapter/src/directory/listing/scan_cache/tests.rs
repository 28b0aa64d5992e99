use std::future::ready;

use ports::PortError;
use tokio::sync::oneshot;
use tokio::time::advance;

use super::*;

const TTL: Duration = Duration::from_secs(3);

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

/// A scan that found this many rows.
fn found(total: u64) -> IndexPage {
    IndexPage { rows: Vec::new(), start: 0, total, unreadable: 0 }
}

/// A result of a cache, by its total.
async fn total(cache: &ScanCache, tenant: &TenantId, total: u64) -> u64 {
    cache.share(tenant, ready(Ok(found(total)))).await.unwrap().total
}

#[tokio::test(start_paused = true)]
async fn scan_is_kept_for_its_time() {
    let cache = ScanCache::new(TTL);
    assert!(cache.kept(&acme()).is_none() && !cache.has_scan(&acme()));
    assert_eq!(total(&cache, &acme(), 1).await, 1);
    assert_eq!(total(&cache, &acme(), 2).await, 1);
    assert_eq!(cache.kept(&acme()).unwrap().total, 1);
    assert_eq!(total(&cache, &"globex".parse().unwrap(), 3).await, 3);
    advance(TTL).await;
    assert!(cache.kept(&acme()).is_none());
    assert_eq!(total(&cache, &acme(), 4).await, 4);
}

#[tokio::test(start_paused = true)]
async fn change_of_the_tenant_ends_sharing() {
    let cache = ScanCache::new(TTL);
    total(&cache, &acme(), 1).await;
    cache.forget([&"globex".parse().unwrap()]);
    assert_eq!(total(&cache, &acme(), 2).await, 1);
    cache.forget([&acme()]);
    assert_eq!(total(&cache, &acme(), 3).await, 3);
    cache.forget_all();
    assert_eq!(total(&cache, &acme(), 4).await, 4);
}

#[tokio::test(start_paused = true)]
async fn scan_in_flight_is_shared_until_the_tenant_changes() {
    for ttl in [TTL, Duration::ZERO] {
        let cache = Arc::new(ScanCache::new(ttl));
        let (end, ended) = oneshot::channel::<()>();
        let scan = async move {
            ended.await.unwrap();
            Ok(found(1))
        };
        let share = |cache: Arc<ScanCache>| async move { total(&cache, &acme(), 2).await };
        let first = tokio::spawn({
            let cache = Arc::clone(&cache);
            async move { cache.share(&acme(), scan).await.unwrap().total }
        });
        while !cache.has_scan(&acme()) {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn(share(Arc::clone(&cache)));
        tokio::task::yield_now().await;
        cache.forget([&acme()]);
        // This one has come after the change.
        assert_eq!(share(Arc::clone(&cache)).await, 2);
        end.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn failed_scan_is_not_shared() {
    let cache = ScanCache::new(TTL);
    let failed = cache.share(&acme(), ready(Err(PortError::Timeout))).await;
    assert!(matches!(failed, Err(PortError::Timeout)));
    assert_eq!(total(&cache, &acme(), 1).await, 1);
}
