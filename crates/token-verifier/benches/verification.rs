//! Times the verification of a token that is seen for the first time, and of one that is cached
//! (`make bench-criterion`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark stops on failure")]

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use conformance::ManualClock;
use criterion::{BatchSize, Criterion};
use domain::Timestamp;
use futures_util::FutureExt as _;
use ports::{KeySetLocation, KeySource, KeySourceError, PublicKey};
use token_verifier::testing::{SigningKey, TokenClaims};
use token_verifier::{
    Algorithm, TenantSource, TokenVerifier, TrustedIssuer, TrustedIssuers, VerifierSettings,
};

const ISSUER: &str = "https://issuer.example/";
const AUDIENCE: &str = "user-management";
const NOW: i64 = 1_800_000_000;

/// A source of one key.
#[derive(Debug)]
struct OneKey(PublicKey);

#[async_trait]
impl KeySource for OneKey {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(vec![self.0.clone()])
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut group = criterion.benchmark_group("verification");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm, "key-1");
        let token = token(&key);
        let verifier = verifier(&key, algorithm);
        // Fetches the keys. After this, a verification never waits.
        runtime.block_on(verifier.verify(&token, None)).unwrap();
        let _guard = runtime.enter();
        let verify = |verifier: &TokenVerifier| {
            verifier.verify(black_box(&token), None).now_or_never().expect("no wait").unwrap()
        };
        group.bench_function(format!("{algorithm:?}, first use"), |bencher| {
            // Shares the keys, and has an empty cache of tokens.
            let fresh = || verifier.with_issuers(issuers(algorithm));
            bencher.iter_batched_ref(fresh, |verifier| verify(verifier), BatchSize::SmallInput);
        });
        group.bench_function(format!("{algorithm:?}, cached"), |bencher| {
            bencher.iter(|| verify(&verifier));
        });
    }
    group.finish();
    criterion.final_summary();
}

fn token(key: &SigningKey) -> String {
    let claims = TokenClaims::new(ISSUER, AUDIENCE, NOW)
        .permissions(&["tenant.access:read", "VIEW_USERS_AND_GROUPS"])
        .with("tenants", serde_json::json!(["acme"]));
    claims.sign(key)
}

fn verifier(key: &SigningKey, algorithm: Algorithm) -> TokenVerifier {
    let now = Timestamp::from_unix_millis(NOW * 1000).unwrap();
    // A small cache, because each first use creates one.
    let settings = VerifierSettings { cached_tokens: 16, ..VerifierSettings::default() };
    let (source, clock) = (Arc::new(OneKey(key.public())), Arc::new(ManualClock::at(now)));
    TokenVerifier::new(issuers(algorithm), source, clock, settings)
}

fn issuers(algorithm: Algorithm) -> TrustedIssuers {
    let tenants = TenantSource::Claim("tenants".to_owned());
    let issuer = TrustedIssuer::new(ISSUER, None, AUDIENCE, &[algorithm], tenants).unwrap();
    TrustedIssuers::new(vec![issuer])
}
