//! Tokens whose header and claims can be changed, and the keys of this crate's tests.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::clock::START_SECONDS;
use super::signing_key::SigningKey;
use crate::algorithm::Algorithm;

pub(crate) const ISSUER: &str = "https://issuer.example/";
pub(crate) const AUDIENCE: &str = "user-management";
pub(crate) const KID: &str = "key-1";

/// Defines a key that is generated once per process.
macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $algorithm:expr) => {
        $(#[$doc])*
        pub(crate) fn $name() -> &'static SigningKey {
            static KEY: OnceLock<SigningKey> = OnceLock::new();
            KEY.get_or_init(|| SigningKey::generate($algorithm, KID))
        }
    };
}

key!(
    /// The RSA key of [`ISSUER`].
    rsa, Algorithm::Rs256
);
key!(
    /// Another RSA key: of another issuer, of an attacker, or the next key of the same issuer.
    other_rsa, Algorithm::Rs256
);
key!(
    /// A P-256 key.
    p256, Algorithm::Es256
);
key!(
    /// A P-384 key.
    p384, Algorithm::Es384
);
key!(
    /// An Ed25519 key.
    ed25519, Algorithm::EdDsa
);

/// A token to be signed, valid unless changed.
#[derive(Debug, Clone)]
pub(crate) struct TokenBuilder {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl TokenBuilder {
    pub(crate) fn new() -> Self {
        Self {
            header: json!({"alg": "RS256", "typ": "JWT", "kid": KID}),
            claims: json!({
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": "auth0|anna",
                "exp": START_SECONDS + 3600,
                "iat": START_SECONDS,
                "scope": "openid tenant.access:read",
            }),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self
    }

    /// Signs with the algorithm in the header, or with RS256 if there is no such algorithm.
    pub(crate) fn signed_by(&self, key: &SigningKey) -> String {
        let algorithm = self.header["alg"].as_str().and_then(Algorithm::from_name);
        let algorithm = algorithm.unwrap_or(Algorithm::Rs256);
        key.sign_text_with(algorithm, &self.header.to_string(), &self.claims.to_string())
    }
}
