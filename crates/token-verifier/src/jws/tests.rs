//! Parsing and verification of tokens with a fixed key and a fixed time.

mod claims;
mod ecdsa;
mod header;
mod signature;
mod structure;
mod times;

use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{
    AUDIENCE, ISSUER, KID, START_SECONDS, SigningKey, TokenBuilder, base64, ed25519, other_rsa,
    p256, p384, rsa,
};

const DAY: Duration = Duration::from_hours(24);
const DAY_SECONDS: i64 = 86_400;

fn permission_claims() -> &'static PermissionClaims {
    static NAMES: OnceLock<PermissionClaims> = OnceLock::new();
    NAMES.get_or_init(PermissionClaims::default)
}

fn expectations() -> Expectations<'static> {
    Expectations {
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithms: &[Algorithm::Rs256, Algorithm::Es256],
        profile: Profile::Any,
        machine_clients: true,
        permission_claims: permission_claims(),
        limits: TimeLimits { leeway: Duration::from_secs(5), max_lifetime: DAY },
    }
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1000).unwrap()
}

/// What is tested of the claims of a verified token.
#[derive(Debug)]
struct VerifiedClaims {
    issuer: String,
    audiences: Vec<String>,
    debug: String,
}

fn verify_with(
    token: &str,
    key: &SigningKey,
    expected: &Expectations<'_>,
    now: Timestamp,
) -> Result<VerifiedClaims, Reason> {
    let key = Arc::new(VerifyingKey::new(key.public_as(KID)).unwrap());
    let decoded = DecodedToken::decode(token)?;
    let (claims, _) = decoded.parse()?.check(expected, now)?.verify_signature(&[key])?;
    Ok(VerifiedClaims {
        issuer: claims.issuer.as_ref().to_owned(),
        audiences: claims.audiences.iter().map(|audience| audience.as_ref().to_owned()).collect(),
        debug: format!("{claims:?}"),
    })
}

fn verify(token: &str) -> Result<VerifiedClaims, Reason> {
    verify_with(token, rsa(), &expectations(), timestamp(START_SECONDS))
}

fn outcome(token: &TokenBuilder) -> Option<Reason> {
    verify(&token.signed_by(rsa())).err()
}
