//! Key pairs of issuers, generated at run time.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use ports::{Curve, KeyMaterial, PublicKey};
use serde_json::{Value, json};

use crate::algorithm::Algorithm;

/// A key pair of an issuer. Clones share the pair.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The `kid` of the published key and of signed tokens.
    pub kid: Option<String>,
    algorithm: Algorithm,
    pair: Arc<KeyPair>,
}

#[derive(Debug)]
enum KeyPair {
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Generates a key for the algorithm. An RSA key takes up to a second.
    pub fn generate(algorithm: Algorithm, kid: &str) -> Self {
        let pair = match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => KeyPair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
                KeyPair::Ec(Curve::P256, pair.unwrap())
            }
            Algorithm::Es384 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING);
                KeyPair::Ec(Curve::P384, pair.unwrap())
            }
            Algorithm::EdDsa => KeyPair::Ed25519(Ed25519KeyPair::generate().unwrap()),
        };
        Self { kid: Some(kid.to_owned()), algorithm, pair: Arc::new(pair) }
    }

    /// Returns an Ed25519 key that is generated once per process, with the `kid` "usual".
    pub fn shared() -> Self {
        static SHARED: OnceLock<SigningKey> = OnceLock::new();
        SHARED.get_or_init(|| Self::ed25519("usual")).clone()
    }

    /// Generates an Ed25519 key.
    pub fn ed25519(kid: &str) -> Self {
        Self::generate(Algorithm::EdDsa, kid)
    }

    /// Returns an RSA key that is generated once per process, under this `kid`. It signs with
    /// RS256.
    pub fn rsa(kid: &str) -> Self {
        static RSA: OnceLock<SigningKey> = OnceLock::new();
        let key = RSA.get_or_init(|| Self::generate(Algorithm::Rs256, kid));
        Self { kid: Some(kid.to_owned()), ..key.clone() }
    }

    /// Returns the public key as a key source reports it.
    pub fn public(&self) -> PublicKey {
        PublicKey { kid: self.kid.clone(), algorithm: None, material: self.material() }
    }

    /// Returns the public key under another `kid`.
    pub fn public_as(&self, kid: &str) -> PublicKey {
        PublicKey { kid: Some(kid.to_owned()), ..self.public() }
    }

    /// Returns the numbers of the public key.
    pub fn material(&self) -> KeyMaterial {
        match &*self.pair {
            KeyPair::Rsa(pair) => {
                let [n, e] = rsa_integers(pair.public_key().as_ref());
                KeyMaterial::Rsa { n, e }
            }
            KeyPair::Ec(curve, pair) => {
                // SEC 1 §2.3.3: the first byte of an uncompressed point is 4.
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                KeyMaterial::Ec { curve: *curve, x: x.to_vec(), y: y.to_vec() }
            }
            KeyPair::Ed25519(pair) => {
                KeyMaterial::Ed25519 { x: pair.public_key().as_ref().to_vec() }
            }
        }
    }

    /// Returns the public key in its usual encoding: DER for RSA, otherwise the point.
    pub fn public_key_bytes(&self) -> Vec<u8> {
        match &*self.pair {
            KeyPair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            KeyPair::Ec(_, pair) => pair.public_key().as_ref().to_vec(),
            KeyPair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Returns the public key as an entry of a key set (RFC 7517).
    pub fn jwk(&self) -> Value {
        let mut jwk = match self.material() {
            KeyMaterial::Rsa { n, e } => json!({"kty": "RSA", "n": base64(n), "e": base64(e)}),
            KeyMaterial::Ec { curve, x, y } => {
                let curve = match curve {
                    Curve::P256 => "P-256",
                    Curve::P384 => "P-384",
                };
                json!({"kty": "EC", "crv": curve, "x": base64(x), "y": base64(y)})
            }
            KeyMaterial::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": base64(x)}),
        };
        jwk["use"] = json!("sig");
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// Returns the header of a token signed with this key.
    pub fn header(&self) -> Header {
        Header { kid: self.kid.clone(), ..Header::new(self.algorithm.into()) }
    }

    /// Signs a token.
    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        self.sign_text(&serde_json::to_string(header).unwrap(), &claims.to_string())
    }

    /// Signs a token of exactly these texts.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        self.sign_text_with(self.algorithm, header, claims)
    }

    /// Signs a token of exactly these texts with another algorithm.
    pub fn sign_text_with(&self, algorithm: Algorithm, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = self.sign_bytes(algorithm, message.as_bytes());
        format!("{message}.{}", base64(signature))
    }

    /// Signs a message. A key of another type than the algorithm's signs with its own algorithm.
    pub fn sign_bytes(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &*self.pair {
            KeyPair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_encoding(algorithm), &rng, message, &mut signature).unwrap();
                signature
            }
            KeyPair::Ec(_, pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            KeyPair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        Algorithm::Rs256 | Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => {
            &RSA_PKCS1_SHA256
        }
    }
}

/// The two integers of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
fn rsa_integers(der: &[u8]) -> [Vec<u8>; 2] {
    let (sequence, _) = der_element(der);
    let (n, rest) = der_element(sequence);
    let (e, _) = der_element(rest);
    [n, e].map(|number| number.iter().copied().skip_while(|byte| *byte == 0).collect())
}

/// The content of a DER element, and the bytes after it.
fn der_element(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match usize::from(der[1]) {
        short @ 0..0x80 => (short, 2),
        long => {
            let end = 2 + (long & 0x7f);
            let length = der[2..end].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte));
            (length, end)
        }
    };
    der[start..].split_at(length)
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
