//! Measures the verification of RS256 tokens: `verification MODE ROUNDS`.
//!
//! `MODE` is `bare` (jsonwebtoken alone, with the claims as a struct), `first` (each token is new to
//! the verifier) or `cached` (each token was verified before). A round verifies 100 tokens. Under
//! `valgrind --tool=callgrind --toggle-collect='*measure*'`, only the rounds are counted.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "this is a measurement"
)]

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use jsonwebtoken::{DecodingKey, Validation};
use ports::{
    Clock, KeyMaterial, KeySetLocation, KeySource, KeySourceError, PublicKey, SystemClock,
};
use serde::Deserialize;
use serde_json::json;
use token_verifier::VerifierSettings;
use token_verifier::testing::{SigningKey, TokenClaims};
use token_verifier::{Algorithm, TenantSource, TokenVerifier, TrustedIssuer, TrustedIssuers};

const ISSUER: &str = "https://tenant.eu.auth0.com/";
const AUDIENCE: &str = "user-management";

/// A source with one key.
#[derive(Debug)]
struct OneKey(PublicKey);

#[async_trait]
impl KeySource for OneKey {
    async fn fetch(&self, _: &KeySetLocation) -> Result<Vec<PublicKey>, KeySourceError> {
        Ok(vec![self.0.clone()])
    }
}

/// What a service reads from a token.
#[derive(Deserialize)]
struct BareClaims {
    sub: String,
    scope: String,
    permissions: Vec<String>,
}

fn issuers() -> TrustedIssuers {
    let source = TenantSource::Claim("https://usher.example/tenants".to_owned());
    let issuer = TrustedIssuer::new(ISSUER, None, AUDIENCE, &[Algorithm::Rs256], source);
    TrustedIssuers::new(vec![issuer.unwrap()])
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, rounds] = arguments.as_slice() else {
        println!("usage: verification bare|first|cached ROUNDS");
        return;
    };
    let rounds: u32 = rounds.parse().unwrap();
    let key = SigningKey::rsa("key-1");
    let now = SystemClock.now().as_unix_millis() / 1000;
    let tokens: Vec<_> = (0..100)
        .map(|number| {
            TokenClaims::new(ISSUER, AUDIENCE, now)
                .permissions(&["tenant.users:read", "tenant.users:write", "tenant.access:read"])
                .with("sub", json!(format!("auth0|{number:024x}")))
                .with("azp", json!("lQF8dnWLFJxPbdIYVKgCqsCBWQIYuA2r"))
                .with("https://usher.example/tenants", json!(["acme"]))
                .sign(&key)
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let settings = VerifierSettings::default();
    let source = Arc::new(OneKey(key.public()));
    let verifier = TokenVerifier::new(issuers(), source, Arc::new(SystemClock), settings);
    // Fetches the key.
    runtime.block_on(verifier.verify(&tokens[0], None)).unwrap();

    let KeyMaterial::Rsa { n, e } = key.material() else { return };
    let decoding = DecodingKey::from_rsa_raw_components(&n, &e);
    let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);

    let warm = verifier.with_issuers(issuers());
    for token in &tokens {
        runtime.block_on(warm.verify(token, None)).unwrap();
    }
    let verify_first = |verifier: &TokenVerifier, token: &str| {
        drop(runtime.block_on(verifier.verify(token, None)).unwrap());
    };
    let verify_bare = |_: &TokenVerifier, token: &str| {
        let data = jsonwebtoken::decode::<BareClaims>(token, &decoding, &validation);
        let BareClaims { sub, scope, permissions } = data.unwrap().claims;
        assert!(sub.len() + scope.len() + permissions.len() > 0);
    };
    let start = Instant::now();
    for _ in 0..rounds {
        let fresh = verifier.with_issuers(issuers());
        match mode.as_str() {
            "bare" => measure(&warm, &tokens, verify_bare),
            "first" => measure(&fresh, &tokens, verify_first),
            _ => measure(&warm, &tokens, verify_first),
        }
    }
    println!("{mode}: {:?} a token of {} bytes", start.elapsed() / (rounds * 100), tokens[0].len());
}

#[inline(never)]
fn measure(verifier: &TokenVerifier, tokens: &[String], verify: impl Fn(&TokenVerifier, &str)) {
    for token in tokens {
        verify(verifier, token);
    }
}
