//! The key cache, with a fake key source and a manual clock.

mod backoff;
mod caching;
mod first_fetches;
mod limits;
mod missing_issuers;
mod single_flight;
mod unknown_kids;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use conformance::ManualClock;
use tokio::task::JoinHandle;

use super::super::first_fetches::FirstFetchLimits;
use super::*;
use crate::testing::{
    FakeKeySource, ISSUER, KID, clock_at_start, ed25519, other_rsa, p256, rsa, settle,
};
use crate::{Algorithm, Reason};

const OTHER_ISSUER: &str = "https://other.example/";
const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);
const REFRESH: Duration = Duration::from_mins(5);
const STALE_BOUND: Duration = Duration::from_hours(1);

/// The difference between just before a bound and the bound.
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
    let (source, clock) = (FakeKeySource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public_as(KID)]);
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

/// Compares answers, and keys by their `Arc`.
#[track_caller]
fn assert_same(answer: &Answer, expected: &Answer) {
    match (answer, expected) {
        (Ok(key), Ok(expected)) => assert!(Arc::ptr_eq(key, expected)),
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => panic!("{answer:?} is not {expected:?}"),
    }
}

/// One of the networks of clients.
fn network(number: u8) -> ClientNetwork {
    ClientNetwork::of(Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, number))))
}

impl Fixture {
    /// Requests a key of an issuer that the settings name.
    fn request_key(
        &self,
        issuer: &str,
        kid: &str,
    ) -> impl Future<Output = Answer> + Send + 'static + use<> {
        self.request(issuer, kid, true, network(0))
    }

    /// Requests the key of an issuer that only a token names.
    fn request_unknown(
        &self,
        issuer: &str,
        client: ClientNetwork,
    ) -> impl Future<Output = Answer> + Send + 'static + use<> {
        self.request(issuer, KID, false, client)
    }

    fn request(
        &self,
        issuer: &str,
        kid: &str,
        is_known: bool,
        client: ClientNetwork,
    ) -> impl Future<Output = Answer> + Send + 'static + use<> {
        let (cache, location, kid) = (self.cache.clone(), location_of(issuer), kid.to_owned());
        async move {
            let query = KeyQuery { kid: Some(&kid), algorithm: Algorithm::Rs256 };
            let request = KeyRequest { location: &location, is_known, client };
            cache.keys(request, &query).await.map(|(_, mut keys)| keys.pop().unwrap())
        }
    }

    async fn key(&self, kid: &str) -> Answer {
        let answer = self.request_key(ISSUER, kid).await;
        settle().await;
        answer
    }

    /// Returns whether the key is a current one of the issuer, if that is cached.
    fn is_current(&self, issuer: &str, key: &Arc<VerifyingKey>) -> bool {
        let issuer = self.cache.0.cached(&location_of(issuer));
        issuer.is_some_and(|issuer| self.cache.is_current(&issuer, key, self.clock.now()))
    }

    /// Starts a request without waiting for the answer.
    async fn spawn_request(&self, kid: &str) -> JoinHandle<Answer> {
        let request = tokio::spawn(self.request_key(ISSUER, kid));
        settle().await;
        request
    }

    #[track_caller]
    fn assert_fetches(&self, count: usize) {
        assert_eq!(self.source.fetch_count(), count);
    }
}
