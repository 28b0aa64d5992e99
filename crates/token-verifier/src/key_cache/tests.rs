use std::future::Future;

use conformance::ManualClock;
use ports::PublicKey;
use tokio::task::JoinHandle;

use super::*;
use crate::testing::{
    FakeSource, ISSUER, KID, clock_at_start, ed25519, other_rsa, p256, rsa, settle,
};
use crate::{Algorithm, Reason};

const OTHER_ISSUER: &str = "https://other.example/";
const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);
const REFRESH: Duration = Duration::from_mins(5);
const STALE_BOUND: Duration = Duration::from_hours(1);

/// What is just not yet so long.
const INSTANT: Duration = Duration::from_millis(1);

fn just_before(span: Duration) -> Duration {
    span.saturating_sub(INSTANT)
}

type Answer = Result<Arc<VerifyingKey>, TokenError>;

struct World {
    source: Arc<FakeSource>,
    clock: Arc<ManualClock>,
    cache: KeyCache,
}

fn world_with(bounds: Bounds) -> World {
    let (source, clock) = (FakeSource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public(KID)]);
    let cache = KeyCache::with_bounds(
        Arc::clone(&source) as Arc<dyn KeySource>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        KeyCacheSettings::default(),
        bounds,
    );
    World { source, clock, cache }
}

fn world() -> World {
    world_with(Bounds::DEFAULT)
}

fn at(issuer: &str) -> KeySetLocation {
    KeySetLocation { issuer: issuer.to_owned(), jwks_uri: None, private_network: false }
}

fn tenant(number: usize) -> String {
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

impl World {
    fn ask(&self, issuer: &str, kid: &str) -> impl Future<Output = Answer> + Send + 'static {
        let (cache, address, kid) = (self.cache.clone(), at(issuer), kid.to_owned());
        async move {
            let wanted = Wanted { kid: Some(&kid), algorithm: Algorithm::Rs256 };
            cache.key(&address, &wanted).await
        }
    }

    async fn key(&self, kid: &str) -> Answer {
        let answer = self.ask(ISSUER, kid).await;
        settle().await;
        answer
    }

    /// Asks without waiting for the answer.
    async fn begin(&self, kid: &str) -> JoinHandle<Answer> {
        let asked = tokio::spawn(self.ask(ISSUER, kid));
        settle().await;
        asked
    }

    #[track_caller]
    fn assert_fetches(&self, count: usize) {
        assert_eq!(self.source.fetches(), count);
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_kept() {
    let world = world();
    let first = world.key(KID).await;
    let second = world.key(KID).await;
    assert!(first.is_ok());
    assert_same(&second, &first);
    world.assert_fetches(1);
}

#[tokio::test]
async fn nothing_is_fetched_before_it_is_needed() {
    let world = world();
    settle().await;
    world.assert_fetches(0);
}

#[tokio::test]
async fn all_who_come_at_first_wait_for_one_fetch() {
    let world = world();
    world.source.close_gate();
    let mut asked = Vec::new();
    for _ in 0..100 {
        asked.push(world.begin(KID).await);
    }
    world.assert_fetches(1);
    world.source.let_through(1);
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    world.assert_fetches(1);
}

#[tokio::test]
async fn all_who_come_at_first_share_one_failure() {
    let world = world();
    world.source.fail(true);
    world.source.close_gate();
    let asked = [world.begin(KID).await, world.begin(KID).await, world.begin("other").await];
    world.source.let_through(1);
    for answer in asked {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
    world.assert_fetches(1);
}

#[tokio::test]
async fn the_same_kid_at_two_issuers_is_two_keys() {
    let world = world();
    world.source.publish(OTHER_ISSUER, &[other_rsa().public(KID), rsa().public("rsa")]);
    let key = world.key(KID).await.unwrap();
    let other = world.ask(OTHER_ISSUER, KID).await.unwrap();
    assert!(!Arc::ptr_eq(&key, &other));
    assert!(world.cache.holds(&at(ISSUER), &key, world.clock.now()));
    assert!(!world.cache.holds(&at(OTHER_ISSUER), &key, world.clock.now()));
    assert_same(&world.key("rsa").await, &unknown());
}

#[tokio::test]
async fn two_addresses_of_one_issuer_are_kept_apart() {
    let world = world();
    let elsewhere =
        KeySetLocation { jwks_uri: Some("https://keys.example/".to_owned()), ..at(ISSUER) };
    let wanted = Wanted { kid: Some(KID), algorithm: Algorithm::Rs256 };
    world.key(KID).await.unwrap();
    world.cache.key(&elsewhere, &wanted).await.unwrap();
    assert_eq!(world.source.fetched(), [at(ISSUER), elsewhere]);
}

#[tokio::test]
async fn old_keys_serve_while_they_are_renewed() {
    let world = world();
    let before = world.key(KID).await;
    world.clock.advance(REFRESH.saturating_sub(SECOND));
    world.key(KID).await.unwrap();
    world.assert_fetches(1);

    world.clock.advance(SECOND);
    world.source.close_gate();
    for _ in 0..10 {
        assert_same(&world.key(KID).await, &before);
    }
    world.assert_fetches(2);

    world.source.publish(ISSUER, &[other_rsa().public(KID)]);
    world.source.let_through(1);
    settle().await;
    let after = world.key(KID).await.unwrap();
    assert!(!Arc::ptr_eq(&after, &before.unwrap()));
    world.assert_fetches(2);
}

#[tokio::test]
async fn a_key_that_stays_is_the_same_after_a_refresh() {
    let world = world();
    let before = world.key(KID).await;
    world.source.publish(ISSUER, &[p256().public("new"), rsa().public(KID)]);
    world.clock.advance(REFRESH);
    world.key(KID).await.unwrap();
    world.assert_fetches(2);
    assert_same(&world.key(KID).await, &before);
}

#[tokio::test]
async fn a_new_key_is_found_by_a_fetch_of_its_own() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    assert!(world.key("new").await.is_ok());
    world.assert_fetches(2);
}

#[tokio::test]
async fn a_key_that_is_gone_is_refused_after_the_next_fetch() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.publish(ISSUER, &[other_rsa().public("new")]);
    assert!(world.key("new").await.is_ok());
    assert_same(&world.key(KID).await, &unknown());
    world.assert_fetches(2);
}

#[tokio::test]
async fn an_issuer_may_take_all_its_keys_back() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.publish(ISSUER, &[]);
    world.clock.advance(REFRESH);
    world.key(KID).await.unwrap();
    assert_same(&world.key(KID).await, &unknown());
}

#[tokio::test]
async fn an_unknown_key_at_first_sight_costs_one_fetch() {
    let world = world();
    assert_same(&world.key("unknown").await, &unknown());
    world.assert_fetches(1);
}

#[tokio::test]
async fn unknown_keys_cost_one_fetch_per_cooldown() {
    let world = world();
    world.key(KID).await.unwrap();
    world.assert_fetches(1);
    // The first at once, although the keys are new.
    for round in 0..100 {
        assert_same(&world.key(&format!("unknown-{round}")).await, &unknown());
    }
    world.assert_fetches(2);
    world.clock.advance(just_before(COOLDOWN));
    assert_same(&world.key("unknown").await, &unknown());
    world.assert_fetches(2);
    world.clock.advance(INSTANT);
    for _ in 0..100 {
        assert_same(&world.key("unknown").await, &unknown());
    }
    world.assert_fetches(3);
    assert!(world.key(KID).await.is_ok());
}

#[tokio::test]
async fn each_issuer_has_a_cooldown_of_its_own() {
    let world = world();
    world.source.publish(OTHER_ISSUER, &[rsa().public(KID)]);
    world.key(KID).await.unwrap();
    world.ask(OTHER_ISSUER, KID).await.unwrap();
    world.key("unknown").await.unwrap_err();
    world.ask(OTHER_ISSUER, "unknown").await.unwrap_err();
    world.ask(OTHER_ISSUER, "unknown").await.unwrap_err();
    world.assert_fetches(4);
}

#[tokio::test]
async fn all_with_an_unknown_key_wait_for_one_fetch() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.close_gate();
    let mut asked = Vec::new();
    for _ in 0..50 {
        asked.push(world.begin("new").await);
    }
    world.assert_fetches(2);
    // Those whose key is known do not wait.
    assert!(world.key(KID).await.is_ok());
    world.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    world.source.let_through(1);
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    world.assert_fetches(2);
}

#[tokio::test]
async fn a_fetch_that_began_earlier_is_not_the_last_word_on_a_new_key() {
    let world = world();
    world.key(KID).await.unwrap();
    world.clock.advance(REFRESH);
    world.source.close_gate();
    world.key(KID).await.unwrap();
    // The refresh is under way, and its answer is from before the new key.
    let asked = world.begin("new").await;
    world.assert_fetches(2);
    world.source.let_through(1);
    settle().await;
    world.assert_fetches(3);
    world.source.publish(ISSUER, &[other_rsa().public("new")]);
    world.source.let_through(1);
    assert!(asked.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_key_of_the_wrong_kind_costs_no_fetch() {
    let world = world();
    world.source.publish(ISSUER, &[rsa().public(KID), ed25519().public("ed")]);
    world.key(KID).await.unwrap();
    let mismatch = Err(TokenError::Invalid(Reason::KeyMismatch));
    assert_same(&world.key("ed").await, &mismatch);
    world.assert_fetches(1);
}

#[tokio::test]
async fn keys_serve_up_to_the_stale_bound_while_fetches_fail() {
    let world = world();
    let key = world.key(KID).await;
    world.source.fail(true);
    world.clock.advance(just_before(STALE_BOUND));
    assert_same(&world.key(KID).await, &key);
    world.assert_fetches(2);
    assert!(world.cache.holds(&at(ISSUER), key.as_ref().unwrap(), world.clock.now()));

    world.clock.advance(INSTANT);
    assert_same(&world.key(KID).await, &unavailable(just_before(SECOND)));
    world.assert_fetches(2);
    assert!(!world.cache.holds(&at(ISSUER), key.as_ref().unwrap(), world.clock.now()));

    // As soon as the issuer is back, so is the key.
    world.source.fail(false);
    world.clock.advance(SECOND);
    assert_same(&world.key(KID).await, &key);
    world.assert_fetches(3);
}

#[tokio::test]
async fn keys_that_are_too_old_are_fetched_before_they_serve() {
    let world = world();
    world.key(KID).await.unwrap();
    world.clock.advance(STALE_BOUND);
    world.source.publish(ISSUER, &[]);
    assert_same(&world.key(KID).await, &unknown());
    world.assert_fetches(2);
}

#[tokio::test]
async fn the_pause_after_failures_doubles_up_to_the_cooldown() {
    let world = world();
    world.source.fail(true);
    for (tries, seconds) in [1, 2, 4, 8, 16, 30, 30, 30].into_iter().enumerate() {
        let pause = Duration::from_secs(seconds);
        assert_same(&world.key(KID).await, &unavailable(pause));
        world.assert_fetches(tries + 1);
        world.clock.advance(just_before(pause));
        assert_same(&world.key(KID).await, &unavailable(INSTANT));
        world.assert_fetches(tries + 1);
        world.clock.advance(INSTANT);
    }
    world.source.fail(false);
    assert!(world.key(KID).await.is_ok());
    // A success starts the pauses anew.
    world.clock.advance(STALE_BOUND);
    world.source.fail(true);
    assert_same(&world.key(KID).await, &unavailable(SECOND));
}

#[tokio::test]
async fn the_pause_holds_for_refreshes_too() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.fail(true);
    world.clock.advance(REFRESH);
    for _ in 0..10 {
        world.key(KID).await.unwrap();
    }
    world.assert_fetches(2);
    world.clock.advance(SECOND);
    for _ in 0..10 {
        world.key(KID).await.unwrap();
    }
    world.assert_fetches(3);
    world.clock.advance(SECOND);
    world.key(KID).await.unwrap();
    world.assert_fetches(3);
}

#[tokio::test]
async fn an_unknown_key_cannot_be_judged_while_fetches_fail() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.fail(true);
    assert_same(&world.key("new").await, &unavailable(COOLDOWN));
    assert_same(&world.key("new").await, &unavailable(COOLDOWN));
    assert!(world.key(KID).await.is_ok());
    world.assert_fetches(2);
    world.source.fail(false);
    world.clock.advance(COOLDOWN);
    assert_same(&world.key("new").await, &unknown());
    world.assert_fetches(3);
}

#[tokio::test]
async fn a_pause_holds_back_the_fetch_for_an_unknown_key() {
    let world = world();
    world.key(KID).await.unwrap();
    world.source.fail(true);
    world.clock.advance(REFRESH);
    world.key(KID).await.unwrap();
    assert_same(&world.key("new").await, &unavailable(SECOND));
    world.assert_fetches(2);
    world.clock.advance(SECOND);
    world.key("new").await.unwrap_err();
    world.assert_fetches(3);
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    let world = world();
    world.source.fail(true);
    world.key(KID).await.unwrap_err();
    world.clock.rewind(STALE_BOUND);
    world.source.fail(false);
    assert!(world.key(KID).await.is_ok());
    world.clock.rewind(STALE_BOUND);
    assert!(world.key(KID).await.is_ok());
    world.key("unknown").await.unwrap_err();
    world.clock.rewind(SECOND);
    world.key("unknown").await.unwrap_err();
    world.assert_fetches(4);
}

#[tokio::test]
async fn who_goes_away_does_not_take_the_fetch_along() {
    let world = world();
    world.source.close_gate();
    let first = world.begin(KID).await;
    let second = world.begin(KID).await;
    first.abort();
    settle().await;
    world.source.let_through(1);
    assert!(second.await.unwrap().is_ok());
    world.assert_fetches(1);
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_is_finished() {
    let world = world();
    world.source.close_gate();
    world.begin(KID).await.abort();
    world.source.let_through(1);
    settle().await;
    world.source.close_gate();
    assert!(world.key(KID).await.is_ok());
    world.assert_fetches(1);
}

#[tokio::test]
async fn a_call_that_is_dropped_unpolled_does_nothing() {
    let world = world();
    drop(world.ask(ISSUER, KID));
    settle().await;
    world.assert_fetches(0);
}

#[tokio::test]
async fn a_fetch_that_panics_counts_as_failed() {
    let world = world();
    world.source.panic(true);
    assert_same(&world.key(KID).await, &unavailable(SECOND));
    world.source.panic(false);
    world.clock.advance(SECOND);
    assert!(world.key(KID).await.is_ok());
    world.assert_fetches(2);
}

#[test]
fn a_fetch_goes_down_with_its_runtime_and_leaves_the_cache_usable() {
    let world = world();
    world.source.close_gate();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let first = runtime();
    first.block_on(async { world.begin(KID).await.abort() });
    drop(first);
    world.source.let_through(2);
    world.clock.advance(SECOND);
    assert!(runtime().block_on(world.key(KID)).is_ok());
    world.assert_fetches(2);
}

#[tokio::test]
async fn a_use_of_a_remembered_token_renews_old_keys() {
    let world = world();
    let key = world.key(KID).await.unwrap();
    let holds = || world.cache.holds(&at(ISSUER), &key, world.clock.now());
    assert!(holds());
    settle().await;
    world.assert_fetches(1);
    world.clock.advance(REFRESH);
    assert!(holds() && holds());
    settle().await;
    world.assert_fetches(2);
    assert!(holds());
    world.source.publish(ISSUER, &[other_rsa().public(KID)]);
    world.clock.advance(REFRESH);
    assert!(holds());
    settle().await;
    assert!(!holds());
    world.assert_fetches(3);
}

#[tokio::test]
async fn an_issuer_that_was_never_asked_holds_nothing() {
    let world = world();
    let key = world.key(KID).await.unwrap();
    assert!(!world.cache.holds(&at(OTHER_ISSUER), &key, world.clock.now()));
    settle().await;
    world.assert_fetches(1);
}

fn remembered(world: &World) -> usize {
    world.cache.0.issuers.read().unwrap().len()
}

#[tokio::test]
async fn the_number_of_remembered_issuers_is_bounded() {
    let world = world_with(Bounds { issuers: 40, ..Bounds::DEFAULT });
    for number in 0..200 {
        world.source.publish(&tenant(number), &[rsa().public(KID)]);
        assert!(world.ask(&tenant(number), KID).await.is_ok());
        assert!(remembered(&world) <= 40);
    }
    world.assert_fetches(200);
    // The last are there, the first are not.
    world.ask(&tenant(199), KID).await.unwrap();
    world.assert_fetches(200);
    world.ask(&tenant(0), KID).await.unwrap();
    world.assert_fetches(201);
}

#[tokio::test]
async fn the_issuer_that_was_used_longest_ago_is_forgotten_first() {
    let world = world_with(Bounds { issuers: 3, ..Bounds::DEFAULT });
    for number in 0..4 {
        world.source.publish(&tenant(number), &[rsa().public(KID)]);
    }
    for number in [0, 1, 2, 0, 3] {
        world.ask(&tenant(number), KID).await.unwrap();
    }
    world.assert_fetches(4);
    world.ask(&tenant(0), KID).await.unwrap();
    world.ask(&tenant(2), KID).await.unwrap();
    world.assert_fetches(4);
    world.ask(&tenant(1), KID).await.unwrap();
    world.assert_fetches(5);
}

#[tokio::test]
async fn made_up_issuers_do_not_push_out_real_ones() {
    let world = world_with(Bounds { issuers: 4, ..Bounds::DEFAULT });
    world.key(KID).await.unwrap();
    for number in 0..100 {
        assert_same(&world.ask(&tenant(number), KID).await, &unavailable(SECOND));
    }
    assert!(remembered(&world) <= 4);
    world.assert_fetches(101);
    assert!(world.key(KID).await.is_ok());
    world.assert_fetches(101);
}

#[tokio::test]
async fn the_number_of_fetches_at_a_time_is_bounded() {
    let world = world_with(Bounds { fetches: 3, ..Bounds::DEFAULT });
    world.source.close_gate();
    let mut asked = Vec::new();
    for number in 0..20 {
        world.source.publish(&tenant(number), &[rsa().public(KID)]);
        asked.push(tokio::spawn(world.ask(&tenant(number), KID)));
    }
    settle().await;
    world.assert_fetches(3);
    world.source.let_through(20);
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    world.assert_fetches(20);
    assert_eq!(world.source.most_running(), 3);
}

#[tokio::test]
async fn a_flood_of_made_up_issuers_is_sent_away_and_holds_up_nobody() {
    let world = world_with(Bounds { issuers: 1000, fetches: 2, strangers: 5 });
    world.key(KID).await.unwrap();
    world.source.close_gate();
    let mut asked = Vec::new();
    for number in 0..100 {
        asked.push(tokio::spawn(world.ask(&tenant(number), KID)));
    }
    settle().await;
    // Two run, three wait, the others have their answer.
    world.assert_fetches(3);
    assert_eq!(asked.iter().filter(|answer| answer.is_finished()).count(), 95);
    // An issuer in use is asked all the same.
    let new = world.begin("new").await;
    world.assert_fetches(4);
    world.source.publish(ISSUER, &[other_rsa().public("new")]);
    world.source.let_through(100);
    assert!(new.await.unwrap().is_ok());
    for answer in asked {
        assert_same(&answer.await.unwrap(), &unavailable(SECOND));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_make_one_fetch() {
    let world = world();
    world.source.close_gate();
    let asked: Vec<_> = (0..200).map(|_| tokio::spawn(world.ask(ISSUER, KID))).collect();
    world.source.let_through(1);
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    world.assert_fetches(1);
}

#[tokio::test]
async fn debug_shows_no_keys() {
    let world = world();
    let key = world.key(KID).await.unwrap();
    let PublicKey { material, .. } = rsa().public(KID);
    let shown = format!("{:?} {key:?}", world.cache);
    assert!(!shown.contains(&format!("{material:?}")) && !shown.contains("Rsa"));
}
