//! The contract tests of [`ports::KeySource`], with two issuers on loopback: one uses discovery,
//! the other a configured `jwks_uri`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step ends the test")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::{IssuerControl, KeySubject, PublishedKey};
use oidc_adapter::{OidcKeySource, OidcSettings};
use ports::{Curve, KeyMaterial, KeySetLocation, PublicKey};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The state of one issuer, shared with its server.
#[derive(Debug, Clone, Default)]
struct Issuer(Arc<State>);

#[derive(Debug, Default)]
struct State {
    keys: Mutex<Option<Vec<Value>>>,
    failing: Mutex<bool>,
    fetches: AtomicU64,
}

impl Respond for Issuer {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        if *self.0.failing.lock().unwrap() {
            return ResponseTemplate::new(500);
        }
        match &*self.0.keys.lock().unwrap() {
            Some(keys) => ResponseTemplate::new(200).set_body_json(json!({ "keys": keys })),
            None => ResponseTemplate::new(404),
        }
    }
}

#[derive(Debug)]
struct Issuers {
    by_name: BTreeMap<String, Issuer>,
    _servers: [MockServer; 2],
}

impl Issuers {
    fn state_of(&self, address: &KeySetLocation) -> &State {
        &self.by_name.get(&address.issuer).unwrap().0
    }
}

#[async_trait]
impl IssuerControl for Issuers {
    async fn publish(&self, address: &KeySetLocation, keys: Vec<PublishedKey>) {
        *self.state_of(address).keys.lock().unwrap() = Some(keys.iter().map(jwk).collect());
    }

    async fn set_failing(&self, address: &KeySetLocation, failing: bool) {
        *self.state_of(address).failing.lock().unwrap() = failing;
    }

    async fn fetches(&self, address: &KeySetLocation) -> u64 {
        self.state_of(address).fetches.load(Ordering::SeqCst)
    }
}

fn jwk(published: &PublishedKey) -> Value {
    match published {
        PublishedKey::ForSignatures(key) => with_use(key, "sig"),
        PublishedKey::ForEncryption(key) => with_use(key, "enc"),
        PublishedKey::OfUnknownKind => json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}),
    }
}

fn with_use(key: &PublicKey, usage: &str) -> Value {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut jwk = match &key.material {
        KeyMaterial::Rsa { n, e } => json!({"kty": "RSA", "n": text(n), "e": text(e)}),
        KeyMaterial::Ec { curve, x, y } => {
            let curve = match curve {
                Curve::P256 => "P-256",
                Curve::P384 => "P-384",
            };
            json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
        }
        KeyMaterial::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": text(x)}),
    };
    let members = jwk.as_object_mut().unwrap();
    members.insert("use".to_owned(), usage.into());
    members.extend(key.kid.iter().map(|kid| ("kid".to_owned(), kid.as_str().into())));
    members.extend(key.algorithm.iter().map(|alg| ("alg".to_owned(), alg.as_str().into())));
    jwk
}

async fn server(issuer: &Issuer) -> MockServer {
    let server = MockServer::start().await;
    let jwks_uri = format!("{}/keys", server.uri());
    let document = json!({ "issuer": server.uri(), "jwks_uri": jwks_uri });
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(ResponseTemplate::new(200).set_body_json(document))
        .mount(&server)
        .await;
    Mock::given(path("/keys")).respond_with(issuer.clone()).mount(&server).await;
    server
}

async fn subject() -> KeySubject {
    let (acme_issuer, globex_issuer) = (Issuer::default(), Issuer::default());
    let servers = [server(&acme_issuer).await, server(&globex_issuer).await];
    let acme = KeySetLocation { issuer: servers[0].uri(), jwks_uri: None, private_network: false };
    let globex = KeySetLocation {
        issuer: "https://globex.example/".to_owned(),
        jwks_uri: Some(format!("{}/keys", servers[1].uri())),
        private_network: false,
    };
    let by_name =
        [(acme.issuer.clone(), acme_issuer), (globex.issuer.clone(), globex_issuer)].into();
    let source = Arc::new(OidcKeySource::new(OidcSettings::default()));
    let issuers = Box::new(Issuers { by_name, _servers: servers });
    KeySubject { source, acme, globex, issuers }
}

conformance::key_source_suite!(subject);
