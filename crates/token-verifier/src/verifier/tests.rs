//! Verification as a whole, with a fake key source and a manual clock.

mod cached_tokens;

use conformance::ManualClock;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::algorithm::Algorithm;
use crate::issuers::{TenantSource, TrustedIssuer};
use crate::profile::Profile;
use crate::testing::{
    AUDIENCE, FakeKeySource, ISSUER, KID, START_SECONDS, TokenBuilder, clock_at_start, other_rsa,
    p256, rsa, settle,
};

const TEMPLATE: &str = "https://cm.{tenant}.example.com";
const ACME_ISSUER: &str = "https://cm.acme.example.com";
const REFRESH: Duration = Duration::from_mins(5);
const STALE_BOUND: Duration = Duration::from_hours(1);

struct Fixture {
    source: Arc<FakeKeySource>,
    clock: Arc<ManualClock>,
    verifier: TokenVerifier,
}

fn trusted(issuer: &str, audience: &str, tenants: TenantSource) -> TrustedIssuer {
    let algorithms = [Algorithm::Rs256, Algorithm::Es256];
    TrustedIssuer::new(issuer, None, audience, &algorithms, tenants).unwrap()
}

fn fixture() -> Fixture {
    let (source, clock) = (FakeKeySource::new(), clock_at_start());
    source.publish(ISSUER, &[rsa().public_as(KID)]);
    source.publish(ACME_ISSUER, &[other_rsa().public_as(KID)]);
    let issuers = TrustedIssuers::new(vec![
        trusted(ISSUER, AUDIENCE, TenantSource::All),
        trusted(ISSUER, "membership", TenantSource::Membership),
        trusted(TEMPLATE, AUDIENCE, TenantSource::Issuer),
    ]);
    let verifier = TokenVerifier::new(
        issuers,
        Arc::clone(&source) as Arc<dyn KeySource>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        VerifierSettings::default(),
    );
    Fixture { source, clock, verifier }
}

impl Fixture {
    async fn verify(&self, token: &str) -> Result<Arc<Bearer>, TokenError> {
        let answer = self.verifier.verify(token, None).await;
        settle().await;
        answer
    }

    async fn reason(&self, token: &str) -> Option<Reason> {
        match self.verify(token).await {
            Ok(_) => None,
            Err(TokenError::Invalid(reason)) => Some(reason),
            Err(TokenError::KeysUnavailable { .. }) => panic!("the keys are unavailable"),
        }
    }

    #[track_caller]
    fn assert_fetches(&self, count: usize) {
        assert_eq!(self.source.fetch_count(), count);
    }
}

fn valid_token() -> String {
    TokenBuilder::new().claim("exp", START_SECONDS + 86_400).signed_by(rsa())
}

fn is_send<T: Send>(future: T) -> T {
    future
}

#[tokio::test]
async fn valid_token_yields_its_bearer() {
    let bearer = is_send(fixture().verifier.verify(&valid_token(), None)).await.unwrap();
    assert_eq!(bearer.subject, Some("auth0|anna".parse().unwrap()));
    assert!(bearer.permissions.has(domain::Permission::TenantAccessRead));
    assert!(!bearer.permissions.has(domain::Permission::TenantAccessWrite));
    assert_eq!(bearer.tenants, domain::ClaimedTenants::All);
}

#[tokio::test]
async fn issuers_have_separate_audiences_tenants_and_keys() {
    let fixture = fixture();
    let token = TokenBuilder::new().claim("aud", "membership").signed_by(rsa());
    let bearer = fixture.verify(&token).await.unwrap();
    assert_eq!(bearer.tenants, domain::ClaimedTenants::Memberships { within: None });
    let token = TokenBuilder::new().claim("iss", ACME_ISSUER).signed_by(other_rsa());
    let bearer = fixture.verify(&token).await.unwrap();
    let acme = "acme".parse().unwrap();
    assert_eq!(bearer.tenants, domain::ClaimedTenants::Listed([acme].into_iter().collect()));
}

#[tokio::test]
async fn issuer_cannot_sign_for_another_with_same_kid() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    let acme_token = TokenBuilder::new().claim("iss", ACME_ISSUER);
    fixture.verify(&acme_token.signed_by(other_rsa())).await.unwrap();
    assert_eq!(fixture.reason(&acme_token.signed_by(rsa())).await, Some(Reason::Signature));
    let own_token = TokenBuilder::new().signed_by(other_rsa());
    assert_eq!(fixture.reason(&own_token).await, Some(Reason::Signature));
}

#[tokio::test]
async fn invalid_token_is_refused_without_fetching_keys() {
    let fixture = fixture();
    let token = TokenBuilder::new;
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
        (token().claim("scope", json!({"a": 1})), Reason::MalformedClaims),
        (token().claim("permissions", "VIEW_USERS_AND_GROUPS"), Reason::MalformedClaims),
        (token().claim("exp", START_SECONDS + 2_592_001), Reason::LifetimeTooLong),
        (token().claim("at_hash", "hash"), Reason::Type),
        (token().header("alg", "PS256"), Reason::Algorithm),
        (token().header("alg", "none"), Reason::Algorithm),
        (token().header("typ", "logout+jwt"), Reason::Type),
        (token().header("crit", json!(["exp"])), Reason::CriticalExtension),
    ] {
        assert_eq!(fixture.reason(&token.signed_by(rsa())).await, Some(reason), "{token:?}");
    }
    assert_eq!(fixture.reason(&"a".repeat(16_385)).await, Some(Reason::TooLong));
    assert_eq!(fixture.reason(&"a".repeat(16_384)).await, Some(Reason::NotCompact));
    assert_eq!(fixture.reason("a.b").await, Some(Reason::NotCompact));
    fixture.assert_fetches(0);
}

#[tokio::test]
async fn token_length_limit_is_configurable() {
    let padded = |length: usize| {
        let token = |padding: usize| {
            TokenBuilder::new().claim("padding", "x".repeat(padding)).signed_by(rsa())
        };
        // Base64 encodes three bytes as four characters, or fewer at the end.
        let start = (length - token(0).len()) / 4 * 3;
        (start..start + 4).map(token).find(|token| token.len() >= length).unwrap()
    };
    for max_token_bytes in [2000, 16_384, 30_000] {
        let (source, clock) = (FakeKeySource::new(), clock_at_start());
        source.publish(ISSUER, &[rsa().public_as(KID)]);
        let issuers = TrustedIssuers::new(vec![trusted(ISSUER, AUDIENCE, TenantSource::All)]);
        let settings = VerifierSettings { max_token_bytes, ..VerifierSettings::default() };
        let verifier = TokenVerifier::new(issuers, source, clock, settings);
        assert!(verifier.verify(&padded(max_token_bytes - 4), None).await.is_ok());
        let too_long = verifier.verify(&padded(max_token_bytes + 1), None).await;
        assert_eq!(too_long.unwrap_err(), TokenError::Invalid(Reason::TooLong));
    }
}

#[tokio::test]
async fn keys_are_fetched_only_from_configured_location() {
    let fixture = fixture();
    let token = TokenBuilder::new()
        .header("jku", "https://evil.test/keys")
        .header("x5u", "https://evil.test/certificate")
        .signed_by(other_rsa());
    assert_eq!(fixture.reason(&token).await, Some(Reason::Signature));
    let locations = fixture.source.fetched_locations();
    assert_eq!(locations.len(), 1);
    assert_eq!((locations[0].issuer.as_str(), &locations[0].jwks_uri), (ISSUER, &None));
}

#[tokio::test]
async fn token_for_key_of_wrong_type_is_refused() {
    let fixture = fixture();
    let token = TokenBuilder::new().header("alg", "ES256").signed_by(p256());
    assert_eq!(fixture.reason(&token).await, Some(Reason::KeyMismatch));
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn keys_sharing_a_kid_are_chosen_by_algorithm() {
    let fixture = fixture();
    let rsa_token = TokenBuilder::new().signed_by(rsa());
    let ec_token = TokenBuilder::new().header("alg", "ES256").signed_by(p256());
    fixture.source.publish(ISSUER, &[p256().public_as(KID), rsa().public_as(KID)]);
    assert_eq!(fixture.reason(&rsa_token).await, None);
    assert_eq!(fixture.reason(&ec_token).await, None);
    fixture.assert_fetches(1);
}

#[tokio::test]
async fn keys_sharing_kid_and_algorithm_are_all_tried() {
    let fixture = fixture();
    fixture.source.publish(ISSUER, &[other_rsa().public_as(KID), rsa().public_as(KID)]);
    let tokens = [rsa(), other_rsa()].map(|key| TokenBuilder::new().signed_by(key));
    for token in &tokens {
        assert_eq!(fixture.reason(token).await, None);
        assert_eq!(fixture.reason(token).await, None, "cached");
    }
    // A cached token depends on the key that verified it, not on the others.
    fixture.source.publish(ISSUER, &[rsa().public_as(KID)]);
    fixture.clock.advance(REFRESH);
    fixture.verify(&tokens[0]).await.unwrap();
    assert_eq!(fixture.reason(&tokens[0]).await, None);
    assert_eq!(fixture.reason(&tokens[1]).await, Some(Reason::Signature));
}

#[tokio::test]
async fn missing_kid_requires_issuer_with_one_key() {
    let fixture = fixture();
    let token = TokenBuilder::new().without_header("kid").signed_by(rsa());
    assert_eq!(fixture.reason(&token).await, None);
    fixture.source.publish(ISSUER, &[rsa().public_as(KID), other_rsa().public_as("new")]);
    fixture.clock.advance(REFRESH);
    fixture.verify(&token).await.unwrap();
    let token = TokenBuilder::new().without_header("kid").claim("jti", "2").signed_by(rsa());
    assert_eq!(fixture.reason(&token).await, Some(Reason::AmbiguousKey));
}

#[tokio::test]
async fn rotated_key_is_fetched_and_accepted() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    fixture.source.publish(ISSUER, &[rsa().public_as(KID), other_rsa().public_as("new")]);
    let new_token = TokenBuilder::new().header("kid", "new").signed_by(other_rsa());
    assert!(fixture.verify(&new_token).await.is_ok());
    assert!(fixture.verify(&valid_token()).await.is_ok());
    fixture.assert_fetches(2);
}

#[tokio::test]
async fn failed_fetch_is_reported_as_keys_unavailable() {
    let fixture = fixture();
    fixture.source.set_failing(true);
    let unavailable =
        |seconds| TokenError::KeysUnavailable { retry_after: Duration::from_secs(seconds) };
    assert_eq!(fixture.verify(&valid_token()).await.unwrap_err(), unavailable(1));
    assert_eq!(fixture.verify(&valid_token()).await.unwrap_err(), unavailable(1));
    fixture.assert_fetches(1);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.verify(&valid_token()).await.unwrap_err(), unavailable(2));
    fixture.source.set_failing(false);
    fixture.clock.advance(Duration::from_secs(2));
    assert!(fixture.verify(&valid_token()).await.is_ok());
}

#[tokio::test]
async fn profile_and_machine_client_rules_apply_per_issuer() {
    let (source, clock) = (FakeKeySource::new(), clock_at_start());
    let rfc9068_issuer = trusted(ISSUER, AUDIENCE, TenantSource::All)
        .with_profile(Profile::Rfc9068)
        .with_machine_clients(false);
    let default_issuer = trusted(TEMPLATE, AUDIENCE, TenantSource::Issuer);
    let issuers = TrustedIssuers::new(vec![rfc9068_issuer, default_issuer]);
    source.publish(ISSUER, &[rsa().public_as(KID)]);
    source.publish(ACME_ISSUER, &[rsa().public_as(KID)]);
    let keys = Arc::clone(&source) as Arc<dyn KeySource>;
    let verifier = TokenVerifier::new(issuers, keys, clock, VerifierSettings::default());
    let machine = TokenBuilder::new()
        .header("typ", "at+jwt")
        .claim("client_id", "program")
        .claim("jti", "1")
        .claim("sub", "program@clients");
    for (token, reason) in
        [(TokenBuilder::new(), Reason::Type), (machine.clone(), Reason::MachineClient)]
    {
        let error = verifier.verify(&token.signed_by(rsa()), None).await.unwrap_err();
        assert_eq!(error, TokenError::Invalid(reason));
        let other_issuer_token = token.claim("iss", ACME_ISSUER).signed_by(rsa());
        assert!(verifier.verify(&other_issuer_token, None).await.is_ok());
    }
    // Refused tokens cost no fetch.
    assert!(source.fetched_locations().iter().all(|location| location.issuer == ACME_ISSUER));
    let person = machine.claim("sub", "auth0|anna");
    assert!(verifier.verify(&person.signed_by(rsa()), None).await.is_ok());
}

#[tokio::test]
async fn verifier_debug_output_hides_tokens_and_keys() {
    let fixture = fixture();
    fixture.verify(&valid_token()).await.unwrap();
    let debug_output = format!("{:?}", fixture.verifier);
    assert!(!debug_output.contains("auth0|anna") && !debug_output.contains("Rsa {"));
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused_without_fetching_keys(text in ".{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let fixture = fixture();
        prop_assert!(runtime.block_on(fixture.verify(&text)).is_err());
        prop_assert_eq!(fixture.source.fetch_count(), 0);
    }
}
