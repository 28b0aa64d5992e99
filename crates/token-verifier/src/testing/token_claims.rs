//! The claims of tokens.

use serde_json::{Value, json};

use super::signing_key::SigningKey;

/// The claims of a token, valid unless changed.
#[derive(Debug, Clone)]
pub struct TokenClaims(Value);

impl TokenClaims {
    /// Returns claims of a machine client that are valid for an hour.
    pub fn new(issuer: &str, audience: &str, now: i64) -> Self {
        Self(json!({
            "iss": issuer,
            "aud": audience,
            "sub": "a-program@clients",
            "iat": now,
            "exp": now + 3600,
        }))
    }

    /// Sets these scopes and permissions, each in its claim.
    #[must_use]
    pub fn permissions(self, names: &[&str]) -> Self {
        let (scopes, permissions): (Vec<_>, Vec<_>) =
            names.iter().copied().partition(|name| name.starts_with("tenant."));
        self.with("scope", json!(scopes.join(" "))).with("permissions", json!(permissions))
    }

    /// Sets one claim.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// Removes one claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.as_object_mut().unwrap().remove(name);
        self
    }

    /// Returns the claims as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Signs a token with these claims.
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(&key.header(), &self.0)
    }
}
