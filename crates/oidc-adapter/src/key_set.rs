//! Parses a key set (RFC 7517 §5) and keeps the keys that can verify a signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{Curve, KeyMaterial, KeySourceError, PublicKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Each key costs memory and a comparison per token.
const MAX_KEYS: usize = 100;
const MAX_KID_CHARS: usize = 256;
/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used". The verifier
/// supports at most 8192.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The members of a JSON Web Key (RFC 7517 §4, RFC 7518 §6) that are used.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<IgnoredAny>,
}

/// Returns the usable keys of a key set.
///
/// A malformed or unsupported key is skipped (§5: implementations "SHOULD ignore
/// JWKs within a JWK Set that use "kty" values that are not understood by them, that are missing
/// required members, or for which values are out of the supported ranges"), so that one new
/// key type does not disable the others.
///
/// Different keys should have distinct `kid`s, but may share one, for example as alternatives of
/// different types (§4.5). All are kept; only repetitions are dropped.
pub(crate) fn parse(body: &str) -> Result<Vec<PublicKey>, KeySourceError> {
    // The error of serde_json quotes the body.
    let document: Document = serde_json::from_str(body)
        .map_err(|_| KeySourceError::Invalid("not a JSON Web Key Set".to_owned()))?;
    if document.keys.len() > MAX_KEYS {
        return Err(KeySourceError::Invalid(format!("more than {MAX_KEYS} keys")));
    }
    let total = document.keys.len();
    let mut keys = Vec::new();
    let usable = document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
    for key in usable.filter_map(public_key) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.len() < total {
        tracing::debug!(total, kept = keys.len(), "unusable keys of a key set skipped");
    }
    Ok(keys)
}

fn public_key(jwk: Jwk) -> Option<PublicKey> {
    // §4.2, §4.3: a key without these members is unrestricted.
    let is_for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|o| o == "verify"));
    let is_kid_short = jwk.kid.as_ref().is_none_or(|kid| kid.chars().count() <= MAX_KID_CHARS);
    // A published private part lets anyone sign.
    if !is_for_signatures || !is_kid_short || jwk.d.is_some() {
        return None;
    }
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => rsa_key(&unsigned_integer(jwk.n)?, &unsigned_integer(jwk.e)?)?,
        ("EC", Some("P-256")) => ec_key(Curve::P256, 32, jwk.x, jwk.y)?,
        ("EC", Some("P-384")) => ec_key(Curve::P384, 48, jwk.x, jwk.y)?,
        ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519 { x: decode_exact(32, jwk.x)? },
        _ => return None,
    };
    Some(PublicKey { kid: jwk.kid, algorithm: jwk.alg, material })
}

fn rsa_key(n: &[u8], e: &[u8]) -> Option<KeyMaterial> {
    let leading_zeros = n.first()?.leading_zeros();
    let bits = n.len().checked_mul(8)?.checked_sub(usize::try_from(leading_zeros).ok()?)?;
    // With exponent 1 every message is its own signature; an even exponent is invalid.
    let is_exponent_valid = e.len() <= 4 && e != [1] && e.last().is_some_and(|last| last % 2 == 1);
    (RSA_BITS.contains(&bits) && is_exponent_valid)
        .then(|| KeyMaterial::Rsa { n: n.to_vec(), e: e.to_vec() })
}

/// Returns a key on `curve`; each coordinate has the full field length (RFC 7518 §6.2.1.2).
fn ec_key(
    curve: Curve,
    length: usize,
    x: Option<String>,
    y: Option<String>,
) -> Option<KeyMaterial> {
    Some(KeyMaterial::Ec { curve, x: decode_exact(length, x)?, y: decode_exact(length, y)? })
}

fn decode_exact(length: usize, text: Option<String>) -> Option<Vec<u8>> {
    decode(text).filter(|bytes| bytes.len() == length)
}

/// Decodes a positive integer and strips leading zero octets, which some issuers send (RFC 7518
/// §6.3.1.1).
fn unsigned_integer(text: Option<String>) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

/// Decodes base64url without padding (RFC 7515 §2).
fn decode(text: Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

#[cfg(test)]
mod tests;
