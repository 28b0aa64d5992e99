//! Signing keys and token claims, verified with the library `jsonwebtoken`.

use auth0_sim::{Api, Client, UserToken};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::support::Tenant;

async fn key_set(tenant: &Tenant) -> JwkSet {
    let reply = tenant.get("/.well-known/jwks.json").await;
    serde_json::from_str(&reply.text).unwrap()
}

/// Verifies a token with the published keys, ignoring its times.
fn verify(keys: &JwkSet, token: &str) -> Option<TokenData<Value>> {
    let kid = decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid)?).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(decode(token, &key, &validation).unwrap())
}

#[tokio::test]
async fn management_token_has_auth0_profile_claims() {
    let tenant = Tenant::start().await;
    let TokenData { header, claims, .. } = verify(&key_set(&tenant).await, &tenant.token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    let now = crate::support::START / 1_000;
    assert_eq!(claims["iss"], format!("{}/", tenant.sim.url()));
    assert_eq!(claims["sub"], "usher@clients");
    assert_eq!(claims["aud"], format!("{}/api/v2/", tenant.sim.url()));
    assert_eq!(claims["azp"], "usher");
    assert_eq!(claims["gty"], "client-credentials");
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 86_400)));
    assert!(claims["scope"].as_str().unwrap().split(' ').any(|scope| scope == "read:users"));
    for absent in ["client_id", "jti", "org_id", "permissions"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn rfc_9068_token_has_its_claims() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.at_jwt_profile = true);
    let reply = tenant.request_token(json!({})).await;
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let TokenData { header, claims, .. } = verify(&key_set(&tenant).await, &token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(claims["client_id"], "usher");
    assert!(claims["jti"].is_string());
    for absent in ["azp", "gty"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn published_key_has_all_auth0_members() {
    let tenant = Tenant::start().await;
    let keys = tenant.get("/.well-known/jwks.json").await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "the current key and the next one");
    for key in keys["keys"].as_array().unwrap() {
        let mut members: Vec<&String> = key.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use", "x5c", "x5t"]);
        assert_eq!(key["alg"], "RS256");
    }
    tenant.control().update_switches(|switches| switches.omit_alg_in_jwks = true);
    let keys = tenant.get("/.well-known/jwks.json").await.json();
    assert!(keys["keys"].as_array().unwrap().iter().all(|key| key.get("alg").is_none()));
}

#[tokio::test]
async fn discovery_document_links_to_key_set() {
    let tenant =
        Tenant::with(|config| config.issuer = Some("https://login.example/".to_owned())).await;
    let document = tenant.get("/.well-known/openid-configuration").await.json();
    assert_eq!(document["issuer"], "https://login.example/");
    assert_eq!(document["jwks_uri"], "https://login.example/.well-known/jwks.json");
    assert_eq!(document["token_endpoint"], "https://login.example/oauth/token");
}

#[tokio::test]
async fn rotated_key_stays_published_while_next_signs() {
    let tenant = Tenant::start().await;
    let [current, next] = tenant.control().key_ids().try_into().unwrap();
    let kid = |token: &str| decode_header(token).unwrap().kid.unwrap();
    assert_eq!(kid(&tenant.token), current);

    tenant.control().rotate_keys();
    let ids = tenant.control().key_ids();
    assert_eq!((ids.len(), &ids[0], &ids[1]), (3, &current, &next));
    let token = tenant.control().issue_user_token(UserToken::default()).unwrap();
    assert_eq!(kid(&token), next);
    let keys = key_set(&tenant).await;
    assert!(verify(&keys, &tenant.token).is_some(), "the previous key is still published");
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);

    assert!(tenant.control().revoke_key(&current));
    assert!(!tenant.control().revoke_key(&current), "already revoked");
    assert!(verify(&key_set(&tenant).await, &tenant.token).is_none());
    let reply = tenant.get("/api/v2/roles").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn next_key_signs_after_revocation() {
    let tenant = Tenant::start().await;
    let [current, next] = tenant.control().key_ids().try_into().unwrap();
    assert!(tenant.control().revoke_key(&current));
    let ids = tenant.control().key_ids();
    assert_eq!((ids.len(), &ids[0]), (2, &next));
    let token = tenant.control().issue_user_token(UserToken::default()).unwrap();
    assert!(verify(&key_set(&tenant).await, &token).is_some());
}

#[tokio::test]
async fn organization_token_has_org_id() {
    let tenant = Tenant::start().await;
    let token = UserToken {
        user_id: "auth0|jane".to_owned(),
        audience: vec!["https://api.example".to_owned(), format!("{}/userinfo", tenant.sim.url())],
        organization: Some("org_0000000000000001".to_owned()),
        permissions: Some(vec!["read:things".to_owned()]),
        claims: json!({"https://acme.example/roles": ["owner"]}).as_object().unwrap().clone(),
        ..UserToken::default()
    };
    let token = tenant.control().issue_user_token(token).unwrap();
    let claims = verify(&key_set(&tenant).await, &token).unwrap().claims;
    assert_eq!(claims["sub"], "auth0|jane");
    assert_eq!(claims["org_id"], "org_0000000000000001");
    assert_eq!(claims["permissions"], json!(["read:things"]));
    assert_eq!(claims["aud"].as_array().unwrap().len(), 2);
    assert_eq!(claims["https://acme.example/roles"], json!(["owner"]));
    assert!(claims["iss"].as_str().unwrap().ends_with('/'));
    assert!(claims.get("gty").is_none());
}

#[tokio::test]
async fn client_credentials_token_can_have_org_id() {
    let tenant = Tenant::start().await;
    let organization = tenant.post("/api/v2/organizations", json!({"name": "acme"})).await.json();
    let reply = tenant.request_token(json!({"organization": organization["id"]})).await;
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let claims = verify(&key_set(&tenant).await, &token).unwrap().claims;
    assert_eq!(claims["org_id"], organization["id"]);
}

#[tokio::test]
async fn openid_scope_adds_userinfo_audience() {
    let tenant = Tenant::with(|config| {
        config.apis = vec![Api { identifier: "https://api.example".to_owned(), ..Api::default() }];
        config.clients = vec![Client::default()];
    })
    .await;
    tenant.add_user("jane@acme.example", "correct horse");
    let changes = json!({"audience": "https://api.example", "scope": "openid email"});
    let reply = tenant.log_in("jane@acme.example", "correct horse", "203.0.113.7", changes).await;
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let claims = verify(&key_set(&tenant).await, &token).unwrap().claims;
    let userinfo = format!("{}/userinfo", tenant.sim.url());
    assert_eq!(claims["aud"], json!(["https://api.example", userinfo]));
    assert_eq!(claims["gty"], "password");
}
