//! A token issuer on loopback: discovery and key sets over HTTP.

use serde_json::{Value, json};
use token_verifier::testing::{SigningKey, TokenClaims};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Every scope and permission.
const ALL_PERMISSIONS: [&str; 4] = [
    "tenant.access:read",
    "tenant.access:write",
    "VIEW_USERS_AND_GROUPS",
    "MODIFY_USERS_AND_GROUPS",
];

/// A server that is the issuer of its own URL and of each path below it.
#[derive(Debug)]
pub(crate) struct Issuer(MockServer);

impl Issuer {
    pub(crate) async fn start() -> Self {
        Self(MockServer::start().await)
    }

    /// Returns the name of the issuer at a path such as `/acme`.
    pub(crate) fn name(&self, folder: &str) -> String {
        format!("{}{folder}", self.0.uri())
    }

    /// Serves the discovery document and the key set of an issuer.
    pub(crate) async fn publish(&self, folder: &str, keys: &[&SigningKey]) {
        let name = self.name(folder);
        let folder = folder.trim_end_matches('/');
        let key_set = format!("{folder}/keys");
        let document = json!({"issuer": name, "jwks_uri": format!("{}{key_set}", self.0.uri())});
        let discovery = format!("{folder}/.well-known/openid-configuration");
        self.serve_json(&discovery, document).await;
        self.publish_key_set(&key_set, keys).await;
    }

    /// Serves a key set without discovery.
    pub(crate) async fn publish_key_set(&self, url_path: &str, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.serve_json(url_path, json!({"keys": keys})).await;
    }

    async fn serve_json(&self, url_path: &str, body: Value) {
        Mock::given(method("GET"))
            .and(path(url_path))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&self.0)
            .await;
    }

    /// Serves this text for every path below the issuer.
    pub(crate) async fn serve_text(&self, folder: &str, text: &str) {
        Mock::given(method("GET"))
            .and(path_regex(format!("^{folder}/")))
            .respond_with(ResponseTemplate::new(200).set_body_string(text))
            .mount(&self.0)
            .await;
    }

    /// Removes all responses and recorded requests.
    pub(crate) async fn reset(&self) {
        self.0.reset().await;
    }

    /// Returns the paths requested since the last reset, in order.
    pub(crate) async fn requested_paths(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.unwrap();
        requests.iter().map(|request| request.url.path().to_owned()).collect()
    }

    /// Signs a token of an issuer with every permission.
    pub(crate) fn token(&self, folder: &str, key: &SigningKey) -> String {
        self.claims(folder).sign(key)
    }

    /// Returns claims to modify and sign.
    pub(crate) fn claims(&self, folder: &str) -> TokenClaims {
        #[expect(clippy::disallowed_methods, reason = "the binary uses the system clock")]
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let claims = TokenClaims::new(&self.name(folder), "user-management", now.cast_signed());
        claims.permissions(&ALL_PERMISSIONS)
    }
}
