//! Tokens and signing keys.

use std::sync::OnceLock;

use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ports::{KeyMaterial, PublicKey};
use serde_json::{Value, json};

/// A key pair of an issuer.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Algorithm,
    encoding: EncodingKey,
    material: KeyMaterial,
}

impl SigningKey {
    /// Returns the key that all issuers of the tests have in common.
    pub(crate) fn shared() -> Self {
        static SHARED: OnceLock<SigningKey> = OnceLock::new();
        SHARED.get_or_init(|| Self::ed25519("usual")).clone()
    }

    /// Generates another key.
    pub(crate) fn ed25519(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self {
            kid: Some(kid.to_owned()),
            algorithm: Algorithm::EdDSA,
            encoding: EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()),
            material: KeyMaterial::Ed25519 { x: pair.public_key().as_ref().to_owned() },
        }
    }

    /// Returns the one RSA key of 2048 bits under this `kid`.
    pub(crate) fn rsa(kid: &str) -> Self {
        static RSA: OnceLock<SigningKey> = OnceLock::new();
        let mut key = RSA
            .get_or_init(|| {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let pkcs8 =
                    aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(
                        &pair,
                    )
                    .unwrap();
                let public = pair.public_key();
                Self {
                    kid: None,
                    algorithm: Algorithm::RS256,
                    encoding: EncodingKey::from_rsa_der(&rsa_private_key(pkcs8.as_ref())),
                    material: KeyMaterial::Rsa {
                        n: public.modulus().big_endian_without_leading_zero().to_owned(),
                        e: public.exponent().big_endian_without_leading_zero().to_owned(),
                    },
                }
            })
            .clone();
        key.kid = Some(kid.to_owned());
        key
    }

    /// Returns the public key as a key source reports it.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey { kid: self.kid.clone(), algorithm: None, material: self.material.clone() }
    }

    /// Returns the public key as an entry of a key set.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match &self.material {
            KeyMaterial::Rsa { n, e } => {
                json!({"kty": "RSA", "use": "sig", "kid": self.kid, "n": text(n), "e": text(e)})
            }
            KeyMaterial::Ed25519 { x } => {
                json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": text(x)})
            }
            KeyMaterial::Ec { .. } => panic!("the tests have no EC keys"),
        }
    }

    /// Returns the header of a token signed with this key.
    pub(crate) fn header(&self) -> Header {
        Header { kid: self.kid.clone(), ..Header::new(self.algorithm) }
    }

    /// Signs exactly these texts.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|text| BASE64_URL_SAFE_NO_PAD.encode(text));
        let message = format!("{header}.{claims}");
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.encoding, self.algorithm);
        format!("{message}.{}", signature.unwrap())
    }

    /// Signs a token.
    pub(crate) fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.encoding).unwrap()
    }
}

/// Extracts the PKCS#1 key from a PKCS#8 one (RFC 5958): the contents of its last octet string.
fn rsa_private_key(pkcs8: &[u8]) -> Vec<u8> {
    // SEQUENCE { INTEGER 0, SEQUENCE { OID rsaEncryption, NULL }, OCTET STRING { … } }
    let start = pkcs8.windows(2).position(|pair| pair == [0x05, 0x00]).unwrap() + 2;
    let rest = &pkcs8[start..];
    assert_eq!(rest[..2], [0x04, 0x82], "an octet string with a length of two bytes");
    rest[4..].to_owned()
}

/// The claims of a token, valid unless changed.
#[derive(Debug, Clone)]
pub(crate) struct TokenClaims(Value);

impl TokenClaims {
    /// Returns claims that are valid for an hour.
    pub(crate) fn new(issuer: &str, audience: &str, now: i64) -> Self {
        Self(json!({
            "iss": issuer,
            "aud": audience,
            "sub": "a-program@clients",
            "iat": now,
            "exp": now + 3600,
        }))
    }

    /// Adds these scopes and permissions, each in its claim.
    pub(crate) fn permissions(self, names: &[&str]) -> Self {
        let (scopes, permissions): (Vec<_>, Vec<_>) =
            names.iter().copied().partition(|name| name.starts_with("tenant."));
        self.with("scope", json!(scopes.join(" "))).with("permissions", json!(permissions))
    }

    /// Sets one claim.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// Removes one claim.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.as_object_mut().unwrap().remove(name);
        self
    }

    /// Returns the claims as JSON.
    pub(crate) fn json(&self) -> &Value {
        &self.0
    }

    /// Signs a token with these claims.
    pub(crate) fn sign(&self, key: &SigningKey) -> String {
        key.sign(&key.header(), &self.0)
    }
}
