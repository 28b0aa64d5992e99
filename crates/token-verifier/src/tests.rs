//! The whole way of a token, with a source and a clock that are moved by hand.

use conformance::ManualClock;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{
    AUDIENCE, FakeSource, ISSUER, KID, START_SECONDS, Token, clock_at_start, other_rsa, p256, rsa,
    settle,
};

const TEMPLATE: &str = "https://cm.{tenant}.example.com";
const OF_ACME: &str = "https://cm.acme.example.com";
const REFRESH: Duration = Duration::from_mins(5);
const STALE_BOUND: Duration = Duration::from_hours(1);

struct World {
    source: Arc<FakeSource>,
    clock: Arc<ManualClock>,
    verifier: TokenVerifier,
}

fn trusted(issuer: &str, audience: &str, tenants: TenantSource) -> TrustedIssuer {
    let algorithms = [Algorithm::Rs256, Algorithm::Es256];
    TrustedIssuer::new(issuer, None, audience, &algorithms, tenants).unwrap()
}

fn world() -> World {
    let (source, clock) = (FakeSource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public(KID)]);
    source.publish(OF_ACME, &[other_rsa().public(KID)]);
    let issuers = TrustedIssuers::new(vec![
        trusted(ISSUER, AUDIENCE, TenantSource::All),
        trusted(ISSUER, "membership", TenantSource::Membership),
        trusted(TEMPLATE, AUDIENCE, TenantSource::Issuer),
    ]);
    let verifier = TokenVerifier::new(
        issuers,
        Arc::clone(&source) as Arc<dyn KeySource>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        AuthSettings::default(),
    );
    World { source, clock, verifier }
}

impl World {
    async fn verify(&self, token: &str) -> Result<Arc<Bearer>, TokenError> {
        let answer = self.verifier.verify(token).await;
        settle().await;
        answer
    }

    async fn reason(&self, token: &str) -> Option<Reason> {
        match self.verify(token).await {
            Ok(_) => None,
            Err(TokenError::Invalid(reason)) => Some(reason),
            Err(TokenError::KeysUnavailable { .. }) => panic!("the keys should be there"),
        }
    }

    #[track_caller]
    fn assert_fetches(&self, count: usize) {
        assert_eq!(self.source.fetches(), count);
    }
}

fn good() -> String {
    Token::new().claim("exp", START_SECONDS + 86_400).signed_by(rsa())
}

fn is_send<T: Send>(future: T) -> T {
    future
}

#[tokio::test]
async fn a_good_token_makes_a_bearer() {
    let bearer = is_send(world().verifier.verify(&good())).await.unwrap();
    assert_eq!(bearer.subject, Some("auth0|anna".parse().unwrap()));
    assert!(bearer.permissions.has(domain::Permission::TenantAccessRead));
    assert!(!bearer.permissions.has(domain::Permission::TenantAccessWrite));
    assert_eq!(bearer.tenants, domain::ClaimedTenants::All);
}

#[tokio::test]
async fn each_issuer_has_its_own_audience_tenants_and_keys() {
    let world = world();
    let token = Token::new().claim("aud", "membership").signed_by(rsa());
    let bearer = world.verify(&token).await.unwrap();
    assert_eq!(bearer.tenants, domain::ClaimedTenants::Memberships { within: None });
    let token = Token::new().claim("iss", OF_ACME).signed_by(other_rsa());
    let bearer = world.verify(&token).await.unwrap();
    let acme = "acme".parse().unwrap();
    assert_eq!(bearer.tenants, domain::ClaimedTenants::Listed([acme].into_iter().collect()));
}

#[tokio::test]
async fn one_issuer_cannot_sign_for_another_with_the_same_kid() {
    let world = world();
    world.verify(&good()).await.unwrap();
    let theirs = Token::new().claim("iss", OF_ACME);
    world.verify(&theirs.signed_by(other_rsa())).await.unwrap();
    assert_eq!(world.reason(&theirs.signed_by(rsa())).await, Some(Reason::Signature));
    let ours = Token::new().signed_by(other_rsa());
    assert_eq!(world.reason(&ours).await, Some(Reason::Signature));
}

#[tokio::test]
async fn what_can_be_told_without_a_key_costs_no_fetch() {
    let world = world();
    let token = Token::new;
    for (token, reason) in [
        (token().claim("iss", "https://evil.test/"), Reason::UnknownIssuer),
        (token().claim("iss", "https://issuer.example"), Reason::UnknownIssuer),
        (token().claim("iss", "https://issuer.example/.evil.test/"), Reason::UnknownIssuer),
        (token().claim("iss", "https://issuer.example@evil.test/"), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.acme.example.com.evil.test"), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.evil.test/.example.com"), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.ACME.example.com"), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.acme.example.com."), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.acme.example.com:443"), Reason::UnknownIssuer),
        (token().claim("iss", "https://cm.аcme.example.com"), Reason::UnknownIssuer),
        (token().claim("aud", "other"), Reason::WrongAudience),
        (token().claim("aud", json!([])), Reason::WrongAudience),
        (token().without_claim("aud"), Reason::MissingClaim),
        (token().without_claim("exp"), Reason::MissingClaim),
        (token().claim("exp", START_SECONDS - 60), Reason::Expired),
        (token().claim("nbf", START_SECONDS + 60), Reason::NotYetValid),
        (token().claim("iat", START_SECONDS + 60), Reason::IssuedInFuture),
        (token().claim("exp", START_SECONDS + 2_592_001), Reason::LivesTooLong),
        (token().claim("at_hash", "hash"), Reason::Type),
        (token().header("alg", "PS256"), Reason::Algorithm),
        (token().header("alg", "none"), Reason::Algorithm),
        (token().header("typ", "logout+jwt"), Reason::Type),
        (token().header("crit", json!(["exp"])), Reason::CriticalExtension),
    ] {
        assert_eq!(world.reason(&token.signed_by(rsa())).await, Some(reason), "{token:?}");
    }
    assert_eq!(world.reason(&"a".repeat(8193)).await, Some(Reason::TooLong));
    assert_eq!(world.reason("a.b").await, Some(Reason::NotCompact));
    world.assert_fetches(0);
}

#[tokio::test]
async fn keys_are_fetched_from_the_configured_place_alone() {
    let world = world();
    let token = Token::new()
        .header("jku", "https://evil.test/keys")
        .header("x5u", "https://evil.test/certificate")
        .signed_by(other_rsa());
    assert_eq!(world.reason(&token).await, Some(Reason::Signature));
    let addresses = world.source.fetched();
    assert_eq!(addresses.len(), 1);
    assert_eq!((addresses[0].issuer.as_str(), &addresses[0].jwks_uri), (ISSUER, &None));
}

#[tokio::test]
async fn a_token_for_a_key_of_another_kind_is_refused() {
    let world = world();
    let token = Token::new().header("alg", "ES256").signed_by(p256());
    assert_eq!(world.reason(&token).await, Some(Reason::KeyMismatch));
    world.assert_fetches(1);
}

#[tokio::test]
async fn a_token_without_a_kid_needs_an_issuer_with_one_key() {
    let world = world();
    let token = Token::new().without_header("kid").signed_by(rsa());
    assert_eq!(world.reason(&token).await, None);
    world.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    world.clock.advance(REFRESH);
    world.verify(&token).await.unwrap();
    let token = Token::new().without_header("kid").claim("jti", "2").signed_by(rsa());
    assert_eq!(world.reason(&token).await, Some(Reason::AmbiguousKey));
}

#[tokio::test]
async fn the_issuer_may_rotate_its_keys() {
    let world = world();
    world.verify(&good()).await.unwrap();
    world.source.publish(ISSUER, &[rsa().public(KID), other_rsa().public("new")]);
    let new = Token::new().header("kid", "new").signed_by(other_rsa());
    assert!(world.verify(&new).await.is_ok());
    assert!(world.verify(&good()).await.is_ok());
    world.assert_fetches(2);
}

#[tokio::test]
async fn without_keys_nothing_can_be_said() {
    let world = world();
    world.source.fail(true);
    let unavailable =
        |seconds| TokenError::KeysUnavailable { retry_after: Duration::from_secs(seconds) };
    assert_eq!(world.verify(&good()).await.unwrap_err(), unavailable(1));
    assert_eq!(world.verify(&good()).await.unwrap_err(), unavailable(1));
    world.assert_fetches(1);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.verify(&good()).await.unwrap_err(), unavailable(2));
    world.source.fail(false);
    world.clock.advance(Duration::from_secs(2));
    assert!(world.verify(&good()).await.is_ok());
}

#[tokio::test]
async fn a_token_that_comes_again_is_not_verified_again() {
    let world = world();
    let first = world.verify(&good()).await.unwrap();
    // RSA PKCS #1 v1.5 signs the same every time, so this is the same token.
    let second = world.verify(&good()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_remembered_token_is_answered_without_waiting() {
    let world = world();
    let token = good();
    world.verify(&token).await.unwrap();
    let mut again = std::pin::pin!(world.verifier.verify(&token));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(again.as_mut().poll(&mut context).is_ready());
}

#[tokio::test]
async fn a_remembered_token_expires() {
    let world = world();
    let token = Token::new().claim("exp", START_SECONDS + 60).signed_by(rsa());
    world.verify(&token).await.unwrap();
    world.clock.advance(Duration::from_secs(64));
    world.verify(&token).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.reason(&token).await, Some(Reason::Expired));
}

#[tokio::test]
async fn a_remembered_token_is_not_valid_before_its_time() {
    let world = world();
    let token = Token::new().claim("nbf", START_SECONDS).signed_by(rsa());
    world.verify(&token).await.unwrap();
    world.clock.rewind(Duration::from_secs(6));
    assert_eq!(world.reason(&token).await, Some(Reason::NotYetValid));
}

#[tokio::test]
async fn an_issuer_has_its_own_profile_and_its_own_programs() {
    let (source, clock) = (FakeSource::new(), clock_at_start());
    let people = trusted(ISSUER, AUDIENCE, TenantSource::All)
        .with_profile(Profile::Rfc9068)
        .with_machine_clients(false);
    let others = trusted(TEMPLATE, AUDIENCE, TenantSource::Issuer);
    let issuers = TrustedIssuers::new(vec![people, others]);
    source.publish(ISSUER, &[rsa().public(KID)]);
    source.publish(OF_ACME, &[rsa().public(KID)]);
    let keys = Arc::clone(&source) as Arc<dyn KeySource>;
    let verifier = TokenVerifier::new(issuers, keys, clock, AuthSettings::default());
    let program = Token::new()
        .header("typ", "at+jwt")
        .claim("client_id", "program")
        .claim("jti", "1")
        .claim("sub", "program@clients");
    for (token, reason) in [(Token::new(), Reason::Type), (program.clone(), Reason::MachineClient)]
    {
        let refused = verifier.verify(&token.signed_by(rsa())).await.unwrap_err();
        assert_eq!(refused, TokenError::Invalid(reason));
        let elsewhere = token.claim("iss", OF_ACME).signed_by(rsa());
        assert!(verifier.verify(&elsewhere).await.is_ok());
    }
    // What is refused here costs nothing.
    assert!(source.fetched().iter().all(|address| address.issuer == OF_ACME));
    let person = program.claim("sub", "auth0|anna");
    assert!(verifier.verify(&person.signed_by(rsa())).await.is_ok());
}

#[tokio::test]
async fn a_remembered_token_goes_with_its_key() {
    let world = world();
    world.verify(&good()).await.unwrap();
    world.source.publish(ISSUER, &[other_rsa().public("new")]);
    world.clock.advance(REFRESH);
    // This use notices that the keys are old, the next finds them gone.
    world.verify(&good()).await.unwrap();
    world.assert_fetches(2);
    assert_eq!(world.reason(&good()).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn a_remembered_token_goes_when_another_key_takes_its_kid() {
    let world = world();
    world.verify(&good()).await.unwrap();
    world.source.publish(ISSUER, &[other_rsa().public(KID)]);
    world.clock.advance(REFRESH);
    world.verify(&good()).await.unwrap();
    assert_eq!(world.reason(&good()).await, Some(Reason::Signature));
}

#[tokio::test]
async fn a_remembered_token_stays_when_its_key_stays() {
    let world = world();
    let first = world.verify(&good()).await.unwrap();
    world.source.publish(ISSUER, &[other_rsa().public("new"), rsa().public(KID)]);
    world.clock.advance(REFRESH);
    world.verify(&good()).await.unwrap();
    world.assert_fetches(2);
    assert!(Arc::ptr_eq(&world.verify(&good()).await.unwrap(), &first));
}

#[tokio::test]
async fn a_remembered_token_does_not_outlive_the_stale_bound() {
    let world = world();
    world.verify(&good()).await.unwrap();
    world.source.fail(true);
    world.clock.advance(STALE_BOUND.saturating_sub(Duration::from_secs(10)));
    assert!(world.verify(&good()).await.is_ok());
    world.clock.advance(Duration::from_secs(10));
    let error = world.verify(&good()).await.unwrap_err();
    assert!(matches!(error, TokenError::KeysUnavailable { .. }));
    world.source.fail(false);
    world.clock.advance(Duration::from_secs(30));
    assert!(world.verify(&good()).await.is_ok());
}

#[tokio::test]
async fn remembering_no_token_at_all_is_possible() {
    let (source, clock) = (FakeSource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public(KID)]);
    let issuers = TrustedIssuers::new(vec![trusted(ISSUER, AUDIENCE, TenantSource::All)]);
    let settings = AuthSettings { cached_tokens: 0, ..AuthSettings::default() };
    let verifier = TokenVerifier::new(issuers, source, clock, settings);
    let first = verifier.verify(&good()).await.unwrap();
    assert_eq!(first, verifier.verify(&good()).await.unwrap());
}

#[tokio::test]
async fn debug_shows_neither_token_nor_key() {
    let world = world();
    world.verify(&good()).await.unwrap();
    let shown = format!("{:?}", world.verifier);
    assert!(!shown.contains("auth0|anna") && !shown.contains("Rsa {"));
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused_and_costs_no_fetch(text in ".{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let world = world();
        prop_assert!(runtime.block_on(world.verify(&text)).is_err());
        prop_assert_eq!(world.source.fetches(), 0);
    }
}
