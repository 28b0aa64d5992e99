//! Reads a key set (RFC 7517 §5) and keeps the keys that can verify a signature.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{Curve, KeyMaterial, KeySourceError, PublicKey};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// No issuer needs more; each costs memory, and a comparison per token.
const MAX_KEYS: usize = 100;
const MAX_KID_CHARS: usize = 256;
/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used". Beyond 8192 the verifier does
/// not go.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// One key as JSON: the members of RFC 7517 §4 and RFC 7518 §6 that matter here.
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

/// The usable keys of a key set.
///
/// A key that is malformed or of an unknown kind is skipped (§5: implementations "SHOULD ignore
/// JWKs within a JWK Set that use "kty" values that are not understood by them, that are missing
/// required members, or for which values are out of the supported ranges"), so that one new kind
/// of key does not take the others away.
///
/// Of usable keys with the same `kid` the first is kept: which one a token means must never
/// depend on what happens to verify, and refusing the whole set would turn a slip of the issuer
/// into an outage.
pub(crate) fn read(body: &str) -> Result<Vec<PublicKey>, KeySourceError> {
    // The parser's own error would repeat parts of the body.
    let document: Document = serde_json::from_str(body)
        .map_err(|_| KeySourceError::Invalid("it is not a key set".to_owned()))?;
    if document.keys.len() > MAX_KEYS {
        return Err(KeySourceError::Invalid(format!("it has more than {MAX_KEYS} keys")));
    }
    let found = document.keys.len();
    let mut kids = HashSet::new();
    let keys: Vec<_> = document
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value(key).ok())
        .filter_map(public_key)
        .filter(|key| key.kid.as_ref().is_none_or(|kid| kids.insert(kid.clone())))
        .collect();
    if keys.len() < found {
        tracing::debug!(found, kept = keys.len(), "keys of a key set were left out");
    }
    Ok(keys)
}

fn public_key(jwk: Jwk) -> Option<PublicKey> {
    // §4.2, §4.3: without either member the issuer does not restrict the key.
    let for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|o| o == "verify"));
    let short_kid = jwk.kid.as_ref().is_none_or(|kid| kid.chars().count() <= MAX_KID_CHARS);
    // With the private half published, everybody can sign.
    if !for_signatures || !short_kid || jwk.d.is_some() {
        return None;
    }
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => rsa(&number(jwk.n)?, &number(jwk.e)?)?,
        ("EC", Some("P-256")) => point(Curve::P256, 32, jwk.x, jwk.y)?,
        ("EC", Some("P-384")) => point(Curve::P384, 48, jwk.x, jwk.y)?,
        ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519 { x: exactly(32, jwk.x)? },
        _ => return None,
    };
    Some(PublicKey { kid: jwk.kid, algorithm: jwk.alg, material })
}

fn rsa(n: &[u8], e: &[u8]) -> Option<KeyMaterial> {
    let leading = n.first()?.leading_zeros();
    let bits = n.len().checked_mul(8)?.checked_sub(usize::try_from(leading).ok()?)?;
    // An exponent of 1 would make every message its own signature; an even one is no exponent.
    let exponent_fits = e.len() <= 4 && e != [1] && e.last().is_some_and(|last| last % 2 == 1);
    (RSA_BITS.contains(&bits) && exponent_fits)
        .then(|| KeyMaterial::Rsa { n: n.to_vec(), e: e.to_vec() })
}

/// RFC 7518 §6.2.1.2: a coordinate has the full length of the curve's field.
fn point(curve: Curve, length: usize, x: Option<String>, y: Option<String>) -> Option<KeyMaterial> {
    Some(KeyMaterial::Ec { curve, x: exactly(length, x)?, y: exactly(length, y)? })
}

fn exactly(length: usize, text: Option<String>) -> Option<Vec<u8>> {
    decode(text).filter(|bytes| bytes.len() == length)
}

/// A positive number. RFC 7518 §6.3.1.1 knows that some issuers put a zero octet before it.
fn number(text: Option<String>) -> Option<Vec<u8>> {
    let bytes = decode(text)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    bytes.get(start..).map(<[u8]>::to_vec)
}

/// RFC 7515 §2: base64url "with all trailing '=' characters omitted".
fn decode(text: Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

#[cfg(test)]
mod tests;
