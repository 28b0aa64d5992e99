//! Verified tokens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::error::{ErrorForbidden, ErrorUnauthorized};
use actix_web::http::header::AUTHORIZATION;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::RwLock;
use serde::Deserialize;

use crate::auth0::AUDIENCE;

/// The claims that decide.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(rename = "https://usher.example/tenant")]
    pub(super) tenant: String,
    permissions: Vec<String>,
    exp: u64,
}

/// The keys of the issuer, and the tokens that they have verified.
pub(super) struct Tokens {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
    verified: RwLock<HashMap<String, Arc<Claims>>>,
}

impl Tokens {
    /// Fetches the keys.
    pub(super) async fn fetch(issuer: &str) -> Self {
        let url = format!("{issuer}/.well-known/jwks.json");
        let text = crate::http::client(None).get(url).send().await.unwrap().text().await.unwrap();
        let set: JwkSet = serde_json::from_str(&text).unwrap();
        let keys = set
            .keys
            .iter()
            .map(|key| (key.common.key_id.clone().unwrap(), DecodingKey::from_jwk(key).unwrap()));
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[format!("{issuer}/")]);
        Self { keys: keys.collect(), validation, verified: RwLock::default() }
    }

    /// Returns the claims of the request's token if it has the permission. A token seen before is
    /// looked up, another one verified.
    pub(super) fn authorize(
        &self,
        request: &HttpRequest,
        permission: &str,
    ) -> actix_web::Result<Arc<Claims>> {
        let field = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = field.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| ErrorUnauthorized("missing_token"))?;
        let known = self.verified.read().get(token).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => self.verify(token).ok_or_else(|| ErrorUnauthorized("invalid_token"))?,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        if claims.exp <= now {
            return Err(ErrorUnauthorized("invalid_token"));
        }
        if !claims.permissions.iter().any(|granted| granted == permission) {
            return Err(ErrorForbidden("insufficient_permission"));
        }
        Ok(claims)
    }

    fn verify(&self, token: &str) -> Option<Arc<Claims>> {
        let key = self.keys.get(&jsonwebtoken::decode_header(token).ok()?.kid?)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?;
        let claims = Arc::new(decoded.claims);
        self.verified.write().insert(token.to_owned(), Arc::clone(&claims));
        Some(claims)
    }
}
