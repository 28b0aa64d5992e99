//! Signing keys and the key set.
//!
//! Documented: the members of a key; at least two keys (current and next); the previous key stays
//! published after a rotation until it is revoked; a tenant can turn `alg` off.

use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::crypto::CryptoError;

/// A key pair and its public JWK.
struct SigningKey {
    kid: String,
    pair: KeyPair,
    jwk: Map<String, Value>,
}

/// The keys that this process has generated, in order.
///
/// Generating one takes over a tenth of a second, and a test run starts hundreds of stand-ins. All
/// stand-ins therefore use the same sequence of keys; their tokens differ in the issuer.
static GENERATED: Mutex<Vec<Arc<SigningKey>>> = Mutex::new(Vec::new());

/// The keys of one stand-in: previous ones, the current one, the next one.
pub(crate) struct Keys {
    published: Vec<Arc<SigningKey>>,
    /// The index of the current key in `published`.
    current_index: usize,
    /// How many keys this stand-in has taken from the sequence.
    generated: usize,
}

impl Keys {
    pub(crate) fn new() -> Result<Self, CryptoError> {
        Ok(Self { published: vec![cached_key(0)?, cached_key(1)?], current_index: 0, generated: 2 })
    }

    /// Makes the next key the current one and adds a new next key. The previous one stays.
    pub(crate) fn rotate(&mut self) -> Result<(), CryptoError> {
        self.published.push(cached_key(self.generated)?);
        self.generated += 1;
        self.current_index += 1;
        Ok(())
    }

    /// Removes a key from the key set; the current key is rotated first. Returns false if there is
    /// no such key.
    pub(crate) fn revoke(&mut self, kid: &str) -> Result<bool, CryptoError> {
        let Some(position) = self.position(kid) else { return Ok(false) };
        if position >= self.current_index {
            self.published.push(cached_key(self.generated)?);
            self.generated += 1;
        }
        self.published.remove(position);
        self.current_index -= usize::from(position < self.current_index);
        Ok(true)
    }

    /// Returns the ids of the published keys: previous ones, the current one, the next one.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.published.iter().map(|key| key.kid.clone()).collect()
    }

    /// Returns the id of the signing key.
    pub(crate) fn current_id(&self) -> &str {
        self.published.get(self.current_index).map_or("", |key| &key.kid)
    }

    /// Returns the published JWKs, the current one first.
    pub(crate) fn jwks(&self) -> Vec<Map<String, Value>> {
        let newer = self.published.iter().skip(self.current_index);
        let older = self.published.iter().take(self.current_index);
        newer.chain(older).map(|key| key.jwk.clone()).collect()
    }

    pub(crate) fn is_published(&self, kid: &str) -> bool {
        self.position(kid).is_some()
    }

    /// Returns a JWT signed with the current key (RS256).
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, CryptoError> {
        let key = self.published.get(self.current_index).ok_or(CryptoError)?;
        let header = json!({"alg": "RS256", "typ": typ, "kid": key.kid});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; key.pair.public_modulus_len()];
        let random = SystemRandom::new();
        key.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns whether a JWT is signed by a published key, or `None` if the text is no JWT.
    pub(crate) fn verify(&self, token: &str) -> Option<bool> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        let _: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        let signature = decode(signature)?;
        let kid = header.get("kid")?.as_str()?;
        let key = self.position(kid).and_then(|position| self.published.get(position));
        Some(key.is_some_and(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair.public_key().as_ref())
                .verify(signed.as_bytes(), &signature)
                .is_ok()
        }))
    }

    fn position(&self, kid: &str) -> Option<usize> {
        self.published.iter().position(|key| key.kid == kid)
    }
}

fn cached_key(index: usize) -> Result<Arc<SigningKey>, CryptoError> {
    let mut generated_keys = GENERATED.lock();
    while generated_keys.len() <= index {
        generated_keys.push(Arc::new(generate()?));
    }
    generated_keys.get(index).cloned().ok_or(CryptoError)
}

fn generate() -> Result<SigningKey, CryptoError> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let private: Pkcs8V1Der<'static> = pair.as_der()?;
    let private = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
        &private.as_ref().into(),
        &rcgen::PKCS_RSA_SHA256,
    )?;
    let certificate =
        rcgen::CertificateParams::new(["auth0-sim".to_owned()])?.self_signed(&private)?;
    let certificate = certificate.der();
    let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    let public = pair.public_key();
    let n = public.modulus().big_endian_without_leading_zero();
    let hash = digest::digest(&digest::SHA256, n);
    let kid: String = URL_SAFE_NO_PAD.encode(hash).chars().take(21).collect();
    let jwk = json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": URL_SAFE_NO_PAD.encode(n),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        "x5t": URL_SAFE_NO_PAD.encode(thumbprint),
        "x5c": [STANDARD.encode(certificate)],
    });
    let Value::Object(jwk) = jwk else { return Err(CryptoError) };
    Ok(SigningKey { kid, pair, jwk })
}
