//! Signing keys, the key set and the discovery document.
//!
//! Documented: the members of a key, at least two keys (the current one and the next), the
//! previous one after a rotation until it is revoked, `alg` that a tenant can turn off.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use aws_lc_rs::{digest, error};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::http::{Answer, ApiError, Request};
use crate::state::State;

/// A key could not be made or used.
#[derive(Debug, Error)]
#[error("the signing keys cannot be made")]
pub(crate) struct KeyError;

impl From<error::Unspecified> for KeyError {
    fn from(_: error::Unspecified) -> Self {
        Self
    }
}

impl From<rcgen::Error> for KeyError {
    fn from(_: rcgen::Error) -> Self {
        Self
    }
}

/// A key and what is published of it.
struct SigningKey {
    kid: String,
    pair: KeyPair,
    jwk: Map<String, Value>,
}

/// Keys that the process has made, in their order.
///
/// Making one takes a tenth of a second and more, and a run of tests starts hundreds of stand-ins:
/// the nth key of each is the same. What sets their tokens apart is the issuer.
static MADE: Mutex<Vec<Arc<SigningKey>>> = Mutex::new(Vec::new());

/// The keys of one stand-in: previous ones, the current one, the next one.
pub(crate) struct Keys {
    published: Vec<Arc<SigningKey>>,
    /// The place of the current key in `published`.
    current: usize,
    /// How many keys this stand-in has had.
    had: usize,
}

impl Keys {
    pub(crate) fn new() -> Result<Self, KeyError> {
        Ok(Self { published: vec![nth(0)?, nth(1)?], current: 0, had: 2 })
    }

    /// The next key becomes the current one and a new one the next; the previous one stays.
    pub(crate) fn rotate(&mut self) -> Result<(), KeyError> {
        self.published.push(nth(self.had)?);
        self.had += 1;
        self.current += 1;
        Ok(())
    }

    /// Takes a key out of the key set; the current one is rotated away first. False if there is no
    /// such key.
    pub(crate) fn revoke(&mut self, kid: &str) -> Result<bool, KeyError> {
        let Some(place) = self.place(kid) else { return Ok(false) };
        if place >= self.current {
            self.published.push(nth(self.had)?);
            self.had += 1;
        }
        self.published.remove(place);
        self.current -= usize::from(place < self.current);
        Ok(true)
    }

    /// The ids of the published keys: previous ones, the current one, the next one.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.published.iter().map(|key| key.kid.clone()).collect()
    }

    /// The id of the key that signs.
    pub(crate) fn current_id(&self) -> &str {
        self.published.get(self.current).map_or("", |key| &key.kid)
    }

    pub(crate) fn is_published(&self, kid: &str) -> bool {
        self.place(kid).is_some()
    }

    /// A JWT, signed by the current key (RS256).
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, KeyError> {
        let key = self.published.get(self.current).ok_or(KeyError)?;
        let header = json!({"alg": "RS256", "typ": typ, "kid": key.kid});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; key.pair.public_modulus_len()];
        let random = SystemRandom::new();
        key.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Whether a JWT was signed by a key that is still published; `None` if it is no JWT.
    pub(crate) fn verify(&self, token: &str) -> Option<bool> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        let _: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        let signature = decode(signature)?;
        let kid = header.get("kid")?.as_str()?;
        let key = self.place(kid).and_then(|place| self.published.get(place));
        Some(key.is_some_and(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.pair.public_key().as_ref())
                .verify(signed.as_bytes(), &signature)
                .is_ok()
        }))
    }

    fn place(&self, kid: &str) -> Option<usize> {
        self.published.iter().position(|key| key.kid == kid)
    }
}

fn nth(index: usize) -> Result<Arc<SigningKey>, KeyError> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    while made.len() <= index {
        made.push(Arc::new(generate()?));
    }
    made.get(index).cloned().ok_or(KeyError)
}

fn generate() -> Result<SigningKey, KeyError> {
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
    let Value::Object(jwk) = jwk else { return Err(KeyError) };
    Ok(SigningKey { kid, pair, jwk })
}

/// `GET /.well-known/jwks.json`, the current key first.
#[expect(clippy::unnecessary_wraps, reason = "a handler like the others")]
pub(crate) fn jwks(state: &mut State, _request: &Request, _now: i64) -> Result<Answer, ApiError> {
    let keys = &state.keys;
    let newer = keys.published.iter().skip(keys.current);
    let older = keys.published.iter().take(keys.current);
    let shown: Vec<Value> = newer
        .chain(older)
        .map(|key| {
            let mut jwk = key.jwk.clone();
            if state.switches.omit_alg_in_jwks {
                jwk.remove("alg");
            }
            jwk.into()
        })
        .collect();
    Ok(Answer::json(200, &json!({"keys": shown})))
}

/// `GET /.well-known/openid-configuration`.
#[expect(clippy::unnecessary_wraps, reason = "a handler like the others")]
pub(crate) fn discovery(
    state: &mut State,
    _request: &Request,
    _now: i64,
) -> Result<Answer, ApiError> {
    let issuer = &state.issuer;
    Ok(Answer::json(
        200,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}authorize"),
            "token_endpoint": format!("{issuer}oauth/token"),
            "userinfo_endpoint": format!("{issuer}userinfo"),
            "jwks_uri": format!("{issuer}.well-known/jwks.json"),
            "response_types_supported": ["code", "token", "id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }),
    ))
}
