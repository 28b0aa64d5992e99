//! Tokens and issuers.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::ManualClock;
use domain::{Bearer, ClaimedTenants};
use memory_adapter::MemoryKeySource;
use ports::{KeyMaterial, PublicKey};
use serde_json::Value;
use token_verifier::{
    Algorithm, TenantSource, TokenVerifier, TrustedIssuer, TrustedIssuers, VerifierSettings,
};
use tokio::runtime::{Builder, Runtime};

const AUDIENCE: &str = "user-management";
/// The issuer of operators.
const OPERATORS: &str = "https://operators.example.com/";
/// The issuer template of tenants.
const TEMPLATE: &str = "https://cm.{tenant}.example.com";
/// Tenants with published keys.
const TENANTS: [&str; 2] = ["acme", "globex"];
/// The time of `ManualClock`.
const NOW: f64 = 1_767_225_600.0;

struct Harness {
    runtime: Runtime,
    verifier: TokenVerifier,
    key: Ed25519KeyPair,
}

/// Built once, so that keys are cached as in the service.
static HARNESS: LazyLock<Harness> = LazyLock::new(|| {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = PublicKey {
        kid: Some("key".to_owned()),
        algorithm: None,
        material: KeyMaterial::Ed25519 { x: key.public_key().as_ref().to_vec() },
    };
    let source = MemoryKeySource::new();
    source.publish(OPERATORS, vec![public.clone()]);
    for tenant in TENANTS {
        source.publish(&TEMPLATE.replace("{tenant}", tenant), vec![public.clone()]);
    }
    let trusted_issuer = |issuer, tenants| {
        TrustedIssuer::new(issuer, None, AUDIENCE, &[Algorithm::EdDsa], tenants).unwrap()
    };
    let issuers = TrustedIssuers::new(vec![
        trusted_issuer(OPERATORS, TenantSource::All),
        trusted_issuer(TEMPLATE, TenantSource::Issuer),
    ]);
    let clock = Arc::new(ManualClock::new());
    // The clock does not advance, so a failed fetch for an unknown tenant is not repeated.
    let verifier =
        TokenVerifier::new(issuers, Arc::new(source), clock, VerifierSettings::default());
    // Several test threads may block on it at a time.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    Harness { runtime, verifier, key }
});

/// Verifies the text of a token, as in a header.
pub fn token(bytes: &[u8]) {
    if let Some(text) = crate::input::text(bytes) {
        check_token(text);
    }
}

/// Signs a header and claims, each on a line, with the issuers' key, and verifies the token.
pub fn signed_token(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let header = lines.next().unwrap_or_default();
    let claims = lines.next().unwrap_or_default();
    check_token(&sign(header, claims.strip_suffix(b"\n").unwrap_or(claims)));
}

fn sign(header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(HARNESS.key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// Verifies a token twice. If accepted, an independent parser must find the configured values.
fn check_token(token: &str) {
    let Harness { runtime, verifier, .. } = &*HARNESS;
    let first = runtime.block_on(verifier.verify(token, None));
    let again = runtime.block_on(verifier.verify(token, None));
    match (first, again) {
        (Ok(bearer), Ok(again)) => {
            assert_eq!(bearer, again, "the cached result differs");
            assert_accepted(token, &bearer);
        }
        (Err(error), Err(_)) => assert!(!error.to_string().is_empty()),
        (first, again) => panic!("{first:?}, then {again:?}"),
    }
}

fn assert_accepted(token: &str, bearer: &Bearer) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("{} parts", parts.len()) };
    let value = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (value(header), value(claims));
    assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap().len(), 64);
    assert_eq!(header["alg"], "EdDSA");
    assert!(header["kid"].is_null() || header["kid"] == "key");
    assert!(header.get("crit").is_none());

    let audiences = match &claims["aud"] {
        Value::Array(audiences) => audiences.clone(),
        one @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => vec![one.clone()],
    };
    assert!(audiences.contains(&Value::from(AUDIENCE)), "{audiences:?}");
    let leeway = VerifierSettings::default().leeway.as_secs_f64();
    assert!(claims["exp"].as_f64().unwrap() > NOW - leeway, "{}", claims["exp"]);
    assert!(claims["nbf"].as_f64().is_none_or(|time| time <= NOW + leeway), "{}", claims["nbf"]);
    match (claims["iss"].as_str().unwrap(), &bearer.tenants) {
        (OPERATORS, ClaimedTenants::All) => {}
        (issuer, ClaimedTenants::Listed(tenants)) => {
            let [tenant] = tenants.iter().collect::<Vec<_>>()[..] else { panic!("{tenants:?}") };
            assert_eq!(issuer, TEMPLATE.replace("{tenant}", tenant.as_str()));
        }
        (issuer, tenants) => panic!("{issuer}: {tenants:?}"),
    }
    if let Some(subject) = &bearer.subject {
        assert_eq!(claims["sub"], subject.as_str());
    }
}

/// Matches an issuer against a template, each on a line. A matching issuer must equal the template
/// filled with the resulting tenant, on the same host.
pub fn issuer(bytes: &[u8]) {
    let Some((template, iss)) = crate::input::text(bytes).and_then(|text| text.split_once('\n'))
    else {
        return;
    };
    let build_issuer = |tenants| {
        TrustedIssuer::new(template, Some(template), AUDIENCE, &[Algorithm::EdDsa], tenants)
    };
    let is_template = template.contains("{tenant}");
    // A template is not an issuer of operators, and only a template names a tenant.
    assert!(!is_template || build_issuer(TenantSource::All).is_err());
    assert!(is_template || build_issuer(TenantSource::Issuer).is_err());
    let Ok(issuer) = build_issuer(TenantSource::Membership) else { return };
    let issuers = TrustedIssuers::new(vec![issuer]);
    let Ok(selected) = issuers.select(iss, &[AUDIENCE.to_owned()]) else { return };

    assert_eq!(selected.location.issuer, iss);
    assert_eq!(selected.location.jwks_uri.as_deref(), Some(iss));
    assert_eq!(selected.tenant.is_some(), is_template);
    let tenant = selected.tenant.as_ref().map_or("", |tenant| tenant.as_str());
    assert_eq!(template.replace("{tenant}", tenant), iss, "the filled template differs");
    // An internationalized label may be invalid (RFC 5891 §4.2.1); then nothing is fetched.
    let (Ok(url), Ok(sample)) =
        (url::Url::parse(iss), url::Url::parse(&template.replace("{tenant}", "tenant")))
    else {
        return;
    };
    assert_eq!((url.scheme(), url.port()), (sample.scheme(), sample.port()));
    assert_eq!((url.username(), url.password()), ("", None));
    assert_eq!(url.path().split('/').count(), sample.path().split('/').count(), "{iss}");
    let labels = |url: &url::Url| url.host_str().unwrap_or_default().split('.').count();
    assert_eq!(labels(&url), labels(&sample), "{iss}");
    let top =
        |url: &url::Url| url.host_str().and_then(|host| host.rsplit('.').next().map(str::to_owned));
    assert_eq!(top(&url), top(&sample), "{iss}");
}
