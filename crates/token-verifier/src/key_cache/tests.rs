use std::future::Future;

use ports::PublicKey;
use tokio::task::JoinHandle;

use super::*;
use crate::testing::{
    FakeKeySource, ISSUER, KID, ManualClock, ed25519, other_rsa, p256, rsa, settle,
};
use crate::{Algorithm, Reason};

const OTHER_ISSUER: &str = "https://other.example/";
const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);
const REFRESH: Duration = Duration::from_mins(5);
const STALE_BOUND: Duration = Duration::from_hours(1);

/// What is just not yet so long.
const INSTANT: Duration = Duration::from_millis(1);

fn just_under(span: Duration) -> Duration {
    span.saturating_sub(INSTANT)
}

type Answer = Result<Arc<VerifyingKey>, TokenError>;

struct Fixture {
    source: Arc<FakeKeySource>,
    clock: Arc<ManualClock>,
    cache: KeyCache,
}

fn fixture_with(limits: CacheLimits) -> Fixture {
    let (source, clock) = (FakeKeySource::new(), ManualClock::new());
    source.publish(ISSUER, &[rsa().public(KID)]);
    let cache = KeyCache::with_limits(
        Arc::clone(&source) as Arc<dyn KeySource>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        KeyCacheSettings::default(),
        limits,
    );
    Fixture { source, clock, cache }
}

fn fixture() -> Fixture {
    fixture_with(CacheLimits::DEFAULT)
}

fn location_of(issuer: &str) -> KeySetLocation {
    KeySetLocation { issuer: issuer.to_owned(), jwks_uri: None, private_network: false }
}

fn tenant_issuer(number: usize) -> String {
    format!("https://tenant-{number}.example/")
}

fn unknown() -> Answer {
    Err(TokenError::Invalid(Reason::UnknownKey))
}

fn unavailable(retry_after: Duration) -> Answer {
    Err(TokenError::KeysUnavailable { retry_after })
}

/// Compares answers, keys by their place in memory.
#[track_caller]
fn assert_same(answer: &Answer, expected: &Answer) {
    match (answer, expected) {
        (Ok(key), Ok(expected)) => assert!(Arc::ptr_eq(key, expected)),
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => panic!("{answer:?} is not {expected:?}"),
    }
}

impl Fixture {
    fn request_key(
        &self,
        issuer: &str,
        kid: &str,
    ) -> impl Future<Output = Answer> + Send + 'static {
        let (cache, location, kid) = (self.cache.clone(), location_of(issuer), kid.to_owned());
        async move {
            let query = KeyQuery { kid: Some(&kid), algorithm: Algorithm::Rs256 };
            cache.key(&location, &query).await
        }
    }

    async fn key(&self, kid: &str) -> Answer {
        let answer = self.request_key(ISSUER, kid).await;
        settle().await;
        answer
    }

    /// Asks without waiting for the answer.
    async fn spawn_request(&self, kid: &str) -> JoinHandle<Answer> {
        let requests = tokio::spawn(self.request_key(ISSUER, kid));
        settle().await;
        requests
    }

    #[track_caller]
    fn assert_fetches(&self, count: usize) {
        assert_eq!(self.source.fetch_count(), count);
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_cached() {
    let fixture = fixture();
    let first = fixture.key(KID).await;
    let second = fixture.key(KID).await;
    assert!(first.is_ok());
    assert_same(&second, &first);
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn no_fetch_before_first_use() {
    let fixture = fixture();
    settle().await;
    fixture.assert_fetches(0);
}

#[tokio::test]
async fn concurrent_first_requests_share_one_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for _ in 0..100 {
        requests.push(fixture.spawn_request(KID).await);
    }
    fixture.assert_fetches(1);
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn concurrent_first_requests_share_one_failure() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    fixture.source.block_fetches();
    let requests = [
        fixture.spawn_request(KID).await,
        fixture.spawn_request(KID).await,
        fixture.spawn_request("other").await,
    ];
    fixture.source.release_fetches(1);
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn same_kid_at_two_issuers_is_two_keys() {
    let fixture = fixture();
    fixture.source.publish(OTHER_ISSUER, &[other_rsa().public(KID), rsa().public("rsa")]);
    let key = fixture.key(KID).await.unwrap();
    let other = fixture.request_key(OTHER_ISSUER, KID).await.unwrap();
    assert!(!Arc::ptr_eq(&key, &other));
    assert!(fixture.cache.is_current(&location_of(ISSUER), &key, fixture.clock.now()));
    assert!(!fixture.cache.is_current(&location_of(OTHER_ISSUER), &key, fixture.clock.now()));
    assert_same(&fixture.key("rsa").await, &unknown());
}

#[tokio::test]
async fn key_set_locations_are_cached_separately() {
    let fixture = fixture();
    let elsewhere = KeySetLocation {
        jwks_uri: Some("https://keys.example/".to_owned()),
        ..location_of(ISSUER)
    };
    let query = KeyQuery { kid: Some(KID), algorithm: Algorithm::Rs256 };
    fixture.key(KID).await.unwrap();
    fixture.cache.key(&elsewhere, &query).await.unwrap();
    assert_eq!(fixture.source.fetched_locations(), [location_of(ISSUER), elsewhere]);
}

#[tokio::test]
async fn old_keys_serve_while_refresh_is_in_flight() {
    let fixture = fixture();
    let before = fixture.key(KID).await;
    fixture.clock.advance(REFRESH.saturating_sub(SECOND));
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(1);

    fixture.clock.advance(SECOND);
    fixture.source.block_fetches();
    for _ in 0..10 {
        assert_same(&fixture.key(KID).await, &before);
    }
    fixture.assert_fetches(2);

    fixture.source.publish(ISSUER, &[other_rsa().public(KID)]);
    fixture.source.release_fetches(1);
    settle().await;
    let after = fixture.key(KID).await.unwrap();
    assert!(!Arc::ptr_eq(&after, &before.unwrap()));
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn unchanged_key_survives_a_refresh() {
    let fixture = fixture();
    let before = fixture.key(KID).await;
    fixture.source.publish(ISSUER, &[p256().public("new"), rsa().public(KID)]);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(2);
    assert_same(&fixture.key(KID).await, &before);
}

#[tokio::test]
async fn unknown_kid_triggers_a_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    assert!(fixture.key("new").await.is_ok());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn removed_key_is_refused_after_next_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[other_rsa().public("new")]);
    assert!(fixture.key("new").await.is_ok());
    assert_same(&fixture.key(KID).await, &unknown());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn empty_key_set_revokes_all_keys() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.publish(ISSUER, &[]);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    assert_same(&fixture.key(KID).await, &unknown());
}

#[tokio::test]
async fn unknown_kid_on_first_use_costs_one_fetch() {
    let fixture = fixture();
    assert_same(&fixture.key("unknown").await, &unknown());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn unknown_kids_cost_one_fetch_per_cooldown() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(1);
    // The first at once, although the keys are new.
    for round in 0..100 {
        assert_same(&fixture.key(&format!("unknown-{round}")).await, &unknown());
    }
    fixture.assert_fetches(2);
    fixture.clock.advance(just_under(COOLDOWN));
    assert_same(&fixture.key("unknown").await, &unknown());
    fixture.assert_fetches(2);
    fixture.clock.advance(INSTANT);
    for _ in 0..100 {
        assert_same(&fixture.key("unknown").await, &unknown());
    }
    fixture.assert_fetches(3);
    assert!(fixture.key(KID).await.is_ok());
}

#[tokio::test]
async fn cooldown_applies_per_issuer() {
    let fixture = fixture();
    fixture.source.publish(OTHER_ISSUER, &[rsa().public(KID)]);
    fixture.key(KID).await.unwrap();
    fixture.request_key(OTHER_ISSUER, KID).await.unwrap();
    fixture.key("unknown").await.unwrap_err();
    fixture.request_key(OTHER_ISSUER, "unknown").await.unwrap_err();
    fixture.request_key(OTHER_ISSUER, "unknown").await.unwrap_err();
    fixture.assert_fetches(4);
}

#[tokio::test]
async fn requests_for_unknown_kid_share_one_fetch() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for _ in 0..50 {
        requests.push(fixture.spawn_request("new").await);
    }
    fixture.assert_fetches(2);
    // Those whose key is known do not wait.
    assert!(fixture.key(KID).await.is_ok());
    fixture.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn fetch_started_earlier_does_not_settle_unknown_kid() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.clock.advance(REFRESH);
    fixture.source.block_fetches();
    fixture.key(KID).await.unwrap();
    // The refresh is under way, and its answer is from before the new key.
    let requests = fixture.spawn_request("new").await;
    fixture.assert_fetches(2);
    fixture.source.release_fetches(1);
    settle().await;
    fixture.assert_fetches(3);
    fixture.source.publish(ISSUER, &[other_rsa().public("new")]);
    fixture.source.release_fetches(1);
    assert!(requests.await.unwrap().is_ok());
}

#[tokio::test]
async fn key_of_wrong_type_costs_no_fetch() {
    let fixture = fixture();
    fixture.source.publish(ISSUER, &[rsa().public(KID), ed25519().public("ed")]);
    fixture.key(KID).await.unwrap();
    let mismatch = Err(TokenError::Invalid(Reason::KeyMismatch));
    assert_same(&fixture.key("ed").await, &mismatch);
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn keys_serve_until_stale_bound_while_fetches_fail() {
    let fixture = fixture();
    let key = fixture.key(KID).await;
    fixture.source.set_failing(true);
    fixture.clock.advance(just_under(STALE_BOUND));
    assert_same(&fixture.key(KID).await, &key);
    fixture.assert_fetches(2);
    assert!(fixture.cache.is_current(
        &location_of(ISSUER),
        key.as_ref().unwrap(),
        fixture.clock.now()
    ));

    fixture.clock.advance(INSTANT);
    assert_same(&fixture.key(KID).await, &unavailable(just_under(SECOND)));
    fixture.assert_fetches(2);
    assert!(!fixture.cache.is_current(
        &location_of(ISSUER),
        key.as_ref().unwrap(),
        fixture.clock.now()
    ));

    // As soon as the issuer is back, so is the key.
    fixture.source.set_failing(false);
    fixture.clock.advance(SECOND);
    assert_same(&fixture.key(KID).await, &key);
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn keys_past_stale_bound_are_refetched_before_use() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.clock.advance(STALE_BOUND);
    fixture.source.publish(ISSUER, &[]);
    assert_same(&fixture.key(KID).await, &unknown());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn backoff_doubles_up_to_the_cooldown() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    for (attempts, seconds) in [1, 2, 4, 8, 16, 30, 30, 30].into_iter().enumerate() {
        let backoff = Duration::from_secs(seconds);
        assert_same(&fixture.key(KID).await, &unavailable(backoff));
        fixture.assert_fetches(attempts + 1);
        fixture.clock.advance(just_under(backoff));
        assert_same(&fixture.key(KID).await, &unavailable(INSTANT));
        fixture.assert_fetches(attempts + 1);
        fixture.clock.advance(INSTANT);
    }
    fixture.source.set_failing(false);
    assert!(fixture.key(KID).await.is_ok());
    // A success starts the pauses anew.
    fixture.clock.advance(STALE_BOUND);
    fixture.source.set_failing(true);
    assert_same(&fixture.key(KID).await, &unavailable(SECOND));
}

#[tokio::test]
async fn backoff_applies_to_refreshes() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    fixture.clock.advance(REFRESH);
    for _ in 0..10 {
        fixture.key(KID).await.unwrap();
    }
    fixture.assert_fetches(2);
    fixture.clock.advance(SECOND);
    for _ in 0..10 {
        fixture.key(KID).await.unwrap();
    }
    fixture.assert_fetches(3);
    fixture.clock.advance(SECOND);
    fixture.key(KID).await.unwrap();
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn unknown_kid_is_unavailable_while_fetches_fail() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    assert_same(&fixture.key("new").await, &unavailable(COOLDOWN));
    assert_same(&fixture.key("new").await, &unavailable(COOLDOWN));
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(2);
    fixture.source.set_failing(false);
    fixture.clock.advance(COOLDOWN);
    assert_same(&fixture.key("new").await, &unknown());
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn backoff_delays_the_fetch_for_unknown_kid() {
    let fixture = fixture();
    fixture.key(KID).await.unwrap();
    fixture.source.set_failing(true);
    fixture.clock.advance(REFRESH);
    fixture.key(KID).await.unwrap();
    assert_same(&fixture.key("new").await, &unavailable(SECOND));
    fixture.assert_fetches(2);
    fixture.clock.advance(SECOND);
    fixture.key("new").await.unwrap_err();
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn clock_set_back_does_not_block_fetches() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    fixture.key(KID).await.unwrap_err();
    fixture.clock.set_back(STALE_BOUND);
    fixture.source.set_failing(false);
    assert!(fixture.key(KID).await.is_ok());
    fixture.clock.set_back(STALE_BOUND);
    assert!(fixture.key(KID).await.is_ok());
    fixture.key("unknown").await.unwrap_err();
    fixture.clock.set_back(SECOND);
    fixture.key("unknown").await.unwrap_err();
    fixture.assert_fetches(4);
}

#[tokio::test]
async fn cancelled_request_does_not_cancel_the_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let first = fixture.spawn_request(KID).await;
    let second = fixture.spawn_request(KID).await;
    first.abort();
    settle().await;
    fixture.source.release_fetches(1);
    assert!(second.await.unwrap().is_ok());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn fetch_without_waiters_completes() {
    let fixture = fixture();
    fixture.source.block_fetches();
    fixture.spawn_request(KID).await.abort();
    fixture.source.release_fetches(1);
    settle().await;
    fixture.source.block_fetches();
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn unpolled_request_starts_no_fetch() {
    let fixture = fixture();
    drop(fixture.request_key(ISSUER, KID));
    settle().await;
    fixture.assert_fetches(0);
}

#[tokio::test]
async fn panicking_fetch_counts_as_failed() {
    let fixture = fixture();
    fixture.source.set_panicking(true);
    assert_same(&fixture.key(KID).await, &unavailable(SECOND));
    fixture.source.set_panicking(false);
    fixture.clock.advance(SECOND);
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(2);
}

#[test]
fn cache_outlives_the_runtime_of_its_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let first = runtime();
    first.block_on(async { fixture.spawn_request(KID).await.abort() });
    drop(first);
    fixture.source.release_fetches(2);
    fixture.clock.advance(SECOND);
    assert!(runtime().block_on(fixture.key(KID)).is_ok());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn cached_token_use_refreshes_old_keys() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    let is_current = || fixture.cache.is_current(&location_of(ISSUER), &key, fixture.clock.now());
    assert!(is_current());
    settle().await;
    fixture.assert_fetches(1);
    fixture.clock.advance(REFRESH);
    assert!(is_current() && is_current());
    settle().await;
    fixture.assert_fetches(2);
    assert!(is_current());
    fixture.source.publish(ISSUER, &[other_rsa().public(KID)]);
    fixture.clock.advance(REFRESH);
    assert!(is_current());
    settle().await;
    assert!(!is_current());
    fixture.assert_fetches(3);
}

#[tokio::test]
async fn uncached_issuer_has_no_current_key() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    assert!(!fixture.cache.is_current(&location_of(OTHER_ISSUER), &key, fixture.clock.now()));
    settle().await;
    fixture.assert_fetches(1);
}

fn cached_issuers(fixture: &Fixture) -> usize {
    fixture.cache.0.issuers.read().unwrap().len()
}

#[tokio::test]
async fn number_of_cached_issuers_is_bounded() {
    let fixture = fixture_with(CacheLimits { issuers: 40, ..CacheLimits::DEFAULT });
    for number in 0..200 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public(KID)]);
        assert!(fixture.request_key(&tenant_issuer(number), KID).await.is_ok());
        assert!(cached_issuers(&fixture) <= 40);
    }
    fixture.assert_fetches(200);
    // The last are there, the first are not.
    fixture.request_key(&tenant_issuer(199), KID).await.unwrap();
    fixture.assert_fetches(200);
    fixture.request_key(&tenant_issuer(0), KID).await.unwrap();
    fixture.assert_fetches(201);
}

#[tokio::test]
async fn least_recently_used_issuer_is_evicted_first() {
    let fixture = fixture_with(CacheLimits { issuers: 3, ..CacheLimits::DEFAULT });
    for number in 0..4 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public(KID)]);
    }
    for number in [0, 1, 2, 0, 3] {
        fixture.request_key(&tenant_issuer(number), KID).await.unwrap();
    }
    fixture.assert_fetches(4);
    fixture.request_key(&tenant_issuer(0), KID).await.unwrap();
    fixture.request_key(&tenant_issuer(2), KID).await.unwrap();
    fixture.assert_fetches(4);
    fixture.request_key(&tenant_issuer(1), KID).await.unwrap();
    fixture.assert_fetches(5);
}

#[tokio::test]
async fn issuers_without_keys_are_evicted_first() {
    let fixture = fixture_with(CacheLimits { issuers: 4, ..CacheLimits::DEFAULT });
    fixture.key(KID).await.unwrap();
    for number in 0..100 {
        assert_same(&fixture.request_key(&tenant_issuer(number), KID).await, &unavailable(SECOND));
    }
    assert!(cached_issuers(&fixture) <= 4);
    fixture.assert_fetches(101);
    assert!(fixture.key(KID).await.is_ok());
    fixture.assert_fetches(101);
}

#[tokio::test]
async fn concurrent_fetches_are_bounded() {
    let fixture = fixture_with(CacheLimits { concurrent_fetches: 3, ..CacheLimits::DEFAULT });
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..20 {
        fixture.source.publish(&tenant_issuer(number), &[rsa().public(KID)]);
        requests.push(tokio::spawn(fixture.request_key(&tenant_issuer(number), KID)));
    }
    settle().await;
    fixture.assert_fetches(3);
    fixture.source.release_fetches(20);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(20);
    assert_eq!(fixture.source.max_running(), 3);
}

#[tokio::test]
async fn flood_of_unknown_issuers_does_not_delay_known_ones() {
    let fixture = fixture_with(CacheLimits {
        issuers: 1000,
        concurrent_fetches: 2,
        pending_first_fetches: 5,
    });
    fixture.key(KID).await.unwrap();
    fixture.source.block_fetches();
    let mut requests = Vec::new();
    for number in 0..100 {
        requests.push(tokio::spawn(fixture.request_key(&tenant_issuer(number), KID)));
    }
    settle().await;
    // Two run, three wait, the others have their answer.
    fixture.assert_fetches(3);
    assert_eq!(requests.iter().filter(|answer| answer.is_finished()).count(), 95);
    // An issuer in use is asked all the same.
    let new = fixture.spawn_request("new").await;
    fixture.assert_fetches(4);
    fixture.source.publish(ISSUER, &[other_rsa().public("new")]);
    fixture.source.release_fetches(100);
    assert!(new.await.unwrap().is_ok());
    for answer in requests {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_threads_share_one_fetch() {
    let fixture = fixture();
    fixture.source.block_fetches();
    let requests: Vec<_> =
        (0..200).map(|_| tokio::spawn(fixture.request_key(ISSUER, KID))).collect();
    fixture.source.release_fetches(1);
    for answer in requests {
        assert!(answer.await.unwrap().is_ok());
    }
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn cache_debug_output_hides_keys() {
    let fixture = fixture();
    let key = fixture.key(KID).await.unwrap();
    let PublicKey { material, .. } = rsa().public(KID);
    let debug_output = format!("{:?} {key:?}", fixture.cache);
    assert!(!debug_output.contains(&format!("{material:?}")) && !debug_output.contains("Rsa"));
}
