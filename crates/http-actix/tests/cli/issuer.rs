//! An issuer of tokens on this machine: discovery, key set and keys, over real HTTP.

use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::keys::{SigningKey, TokenClaims};

/// Every scope and permission there is.
const EVERYTHING: [&str; 4] = [
    "tenant.access:read",
    "tenant.access:write",
    "VIEW_USERS_AND_GROUPS",
    "MODIFY_USERS_AND_GROUPS",
];

/// A server that is the issuer of its own name, and of each of its folders.
#[derive(Debug)]
pub(crate) struct Issuer(MockServer);

impl Issuer {
    pub(crate) async fn start() -> Self {
        Self(MockServer::start().await)
    }

    /// Its name, or that of a folder such as `/acme`.
    pub(crate) fn name(&self, folder: &str) -> String {
        format!("{}{folder}", self.0.uri())
    }

    /// Serves discovery for a folder, and the key set that it leads to.
    pub(crate) async fn publish(&self, folder: &str, keys: &[&SigningKey]) {
        let name = self.name(folder);
        let folder = folder.trim_end_matches('/');
        let key_set = format!("{folder}/keys");
        let document = json!({"issuer": name, "jwks_uri": format!("{}{key_set}", self.0.uri())});
        let discovery = format!("{folder}/.well-known/openid-configuration");
        self.answer(&discovery, document).await;
        self.publish_set(&key_set, keys).await;
    }

    /// Serves a key set alone.
    pub(crate) async fn publish_set(&self, at: &str, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.answer(at, json!({"keys": keys})).await;
    }

    async fn answer(&self, at: &str, body: Value) {
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&self.0)
            .await;
    }

    /// Serves this text, which is no JSON, for whatever is asked of a folder.
    pub(crate) async fn babble(&self, folder: &str, text: &str) {
        Mock::given(method("GET"))
            .and(path_regex(format!("^{folder}/")))
            .respond_with(ResponseTemplate::new(200).set_body_string(text))
            .mount(&self.0)
            .await;
    }

    /// Takes everything back that it serves.
    pub(crate) async fn forget(&self) {
        self.0.reset().await;
    }

    /// The paths that it was asked for since it last forgot, in their order.
    pub(crate) async fn asked(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.unwrap();
        requests.iter().map(|request| request.url.path().to_owned()).collect()
    }

    /// A token of a folder that opens everything that its tenants allow.
    pub(crate) fn token(&self, folder: &str, key: &SigningKey) -> String {
        self.claims(folder).sign(key)
    }

    /// Claims to be changed and signed.
    pub(crate) fn claims(&self, folder: &str) -> TokenClaims {
        #[expect(clippy::disallowed_methods, reason = "the binary has the clock of the machine")]
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let claims = TokenClaims::new(&self.name(folder), "user-management", now.cast_signed());
        claims.permissions(&EVERYTHING)
    }
}
