//! `usher serve` with a settings file and an issuer over HTTP.

use serde_json::json;
use token_verifier::testing::SigningKey;

use crate::issuer::Issuer;
use crate::support::{Sandbox, Service};

const SEED: &str = r#"
{"id":"auth0|ann","email":"ann@acme.example","homeTenant":"acme","password":"anns-secret-1","tenants":{"acme":"owner"}}
{"id":"auth0|ben","email":"ben@acme.example","homeTenant":"acme","tenants":{"acme":"member","globex":"admin"}}
"#;

const ACME: &str = "/api/acme/admin/users";
const GLOBEX: &str = "/api/globex/admin/users";

/// Returns settings with one issuer.
fn settings(issuer: &str, extra: &str) -> String {
    format!(
        r#"
[http]
listen = "127.0.0.1:0"
workers = 1

[directory.memory]
seed = "users.jsonl"

[[auth.issuers]]
issuer = "{issuer}"
audience = "user-management"
{extra}
"#
    )
}

/// Starts a service with these settings and the seed.
fn start(sandbox: &Sandbox, text: &str) -> Service {
    sandbox.write("etc/users.jsonl", SEED);
    let file = sandbox.write("etc/usher.toml", text);
    sandbox.start(&["serve", "--config", &file])
}

#[tokio::test]
async fn token_is_verified_by_published_keys() {
    let (sandbox, issuer, key) = (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("/", &[&key]).await;
    let service = start(&sandbox, &settings(&issuer.name("/"), "tenants = \"all\""));
    // Keys are fetched on first use.
    assert!(issuer.requested_paths().await.is_empty());
    let token = issuer.token("/", &key);
    let response = service.get(ACME, &token).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.emails(), ["ann@acme.example", "ben@acme.example"]);
    assert_eq!(service.get("/api/v1/users?filter[tenant]=globex", &token).await.status, 200);
    assert_eq!(issuer.requested_paths().await, ["/.well-known/openid-configuration", "/keys"]);

    let forged = issuer.token("/", &SigningKey::ed25519("one"));
    let response = service.get(ACME, &forged).await;
    assert_eq!((response.status, response.code()), (401, "invalid_token"));
    let elsewhere = issuer.token("", &key);
    let response = service.get(ACME, &elsewhere).await;
    assert_eq!((response.status, response.code()), (401, "invalid_token"));
    assert_eq!(issuer.requested_paths().await.len(), 2);
}

#[tokio::test]
async fn issuer_template_separates_tenants() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let (acme_key, globex_key) = (SigningKey::rsa("same"), SigningKey::ed25519("same"));
    issuer.publish("/acme", &[&acme_key]).await;
    issuer.publish("/globex", &[&globex_key]).await;
    let extra = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"issuer\"";
    let service = start(&sandbox, &settings(&issuer.name("/{tenant}"), extra));

    let acme = issuer.token("/acme", &acme_key);
    assert_eq!(service.get(ACME, &acme).await.status, 200);
    let response = service.get(GLOBEX, &acme).await;
    assert_eq!((response.status, response.code()), (403, "tenant_forbidden"));
    let globex = issuer.token("/globex", &globex_key);
    assert_eq!(service.get(GLOBEX, &globex).await.emails(), ["ben@acme.example"]);

    // The same kid, but the key of another issuer.
    let forged = issuer.token("/acme", &globex_key);
    assert_eq!(service.get(ACME, &forged).await.code(), "invalid_token");
    // The issuer of this tenant does not exist.
    let response = service.get(ACME, &issuer.token("/initech", &acme_key)).await;
    assert_eq!((response.status, response.code()), (401, "invalid_token"));
    // No keys are fetched for invalid tenant labels.
    let before = issuer.requested_paths().await.len();
    for folder in ["/acme/", "/acme/globex", "/../acme", "/ACME", "/acme%2f", "//acme", "", "/"] {
        let response = service.get(ACME, &issuer.token(folder, &acme_key)).await;
        assert_eq!((response.status, response.code()), (401, "invalid_token"), "{folder}");
    }
    assert_eq!(issuer.requested_paths().await.len(), before);
}

#[tokio::test]
async fn jwks_uri_template_is_used() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let key = SigningKey::rsa("one");
    issuer.publish_key_set("/key-sets/acme", &[&key]).await;
    let key_sets = issuer.name("/key-sets/{tenant}");
    let extra = format!("jwks_uri = \"{key_sets}\"\ntenants = \"issuer\"");
    let service = start(&sandbox, &settings(&issuer.name("/{tenant}"), &extra));
    assert_eq!(service.get(ACME, &issuer.token("/acme", &key)).await.status, 200);
    assert_eq!(issuer.requested_paths().await, ["/key-sets/acme"]);
}

#[tokio::test]
async fn rotated_key_replaces_the_old_one() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let (old, new) = (SigningKey::rsa("old"), SigningKey::ed25519("new"));
    issuer.publish("", &[&old]).await;
    let extra = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"all\"";
    let service = start(&sandbox, &settings(&issuer.name(""), extra));
    let (old_token, new_token) = (issuer.token("", &old), issuer.token("", &new));
    assert_eq!(service.get(ACME, &old_token).await.status, 200);
    issuer.reset().await;
    issuer.publish("", &[&new]).await;
    // A cached key set is used without a fetch.
    assert_eq!(service.get(ACME, &old_token).await.status, 200);
    assert!(issuer.requested_paths().await.is_empty());
    assert_eq!(service.get(ACME, &new_token).await.status, 200);
    assert_eq!(service.get(ACME, &old_token).await.code(), "invalid_token");
    assert_eq!(issuer.requested_paths().await.len(), 2);
}

#[tokio::test]
async fn cached_keys_serve_while_the_issuer_is_down() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let (known, unknown) = (SigningKey::rsa("known"), SigningKey::ed25519("unknown"));
    issuer.publish("", &[&known]).await;
    let extra = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"all\"";
    let mut service = start(&sandbox, &settings(&issuer.name(""), extra));
    assert_eq!(service.get(ACME, &issuer.token("", &known)).await.status, 200);
    issuer.reset().await;
    let response = service.get(ACME, &issuer.token("", &unknown)).await;
    assert_eq!((response.status, response.code()), (503, "keys_unavailable"));
    assert_eq!(service.get(ACME, &issuer.token("", &known)).await.status, 200);
    service.wait_for_log("issuer keys could not be fetched");
}

#[tokio::test]
async fn membership_tenants_come_from_the_seed() {
    let (sandbox, issuer, key) = (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    let service = start(&sandbox, &settings(&issuer.name(""), "tenants = \"membership\""));
    let token_of = |id: &str| issuer.claims("").with("sub", json!(id)).sign(&key);
    assert_eq!(service.get(ACME, &token_of("auth0|ann")).await.status, 200);
    assert_eq!(service.get(GLOBEX, &token_of("auth0|ann")).await.code(), "tenant_forbidden");
    assert_eq!(service.get(ACME, &token_of("auth0|ben")).await.code(), "insufficient_permission");
    assert_eq!(service.get(GLOBEX, &token_of("auth0|ben")).await.status, 200);
}

#[tokio::test]
async fn configured_roles_replace_the_defaults() {
    let (sandbox, issuer, key) = (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    let roles = r#"tenants = "all"
[[roles]]
name = "boss"
may = ["read", "write"]
[[roles]]
name = "owner"
[[roles]]
name = "staff"
default = true
"#;
    let service = start(&sandbox, &settings(&issuer.name(""), roles));
    let token = issuer.token("", &key);
    // Ben's roles are not in the catalogue.
    assert_eq!(service.get(ACME, &token).await.emails(), ["ann@acme.example"]);
    let body = |role: &str| Some(json!({"email": "cat@acme.example", "role": role}));
    let response = service.call("POST", ACME, &token, body("admin")).await;
    assert_eq!((response.status, response.code()), (422, "unknown_role"));
    let response = service.call("POST", ACME, &token, body("boss")).await;
    assert_eq!(
        (response.status, &response.body["tenantRole"]),
        (201, &json!("boss")),
        "{response:?}"
    );
    // In these settings the role owner is not protected.
    let response = service.call("DELETE", &format!("{ACME}/auth0%7Cann"), &token, None).await;
    assert_eq!(response.status, 204, "{response:?}");
}

#[tokio::test]
async fn environment_overrides_file_overrides_defaults() {
    let (sandbox, issuer, key) = (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    sandbox.write("etc/users.jsonl", SEED);
    let text = settings(&issuer.name(""), "tenants = \"all\"");
    let text =
        text.replace("workers = 1", "public_url = \"https://file.example\"\nmax_body_bytes = 40");
    let file = sandbox.write("etc/usher.toml", &text);
    let token = issuer.token("", &key);
    let first_link = "/links/first/href";
    let list = "/api/v1/users?filter[tenant]=acme";
    let long_body =
        Some(json!({"email": "user-with-a-very-long-name@acme.example", "role": "member"}));

    let service = sandbox.start(&["serve", "--config", &file]);
    let response = service.get(list, &token).await;
    let href = response.body.pointer(first_link).unwrap().as_str().unwrap();
    assert!(href.starts_with("https://file.example/api/v1/users?"), "{href}");
    let response = service.call("POST", ACME, &token, long_body.clone()).await;
    assert_eq!(response.status, 413, "the file sets a lower limit than the default");

    let mut command = sandbox.command(&["serve"]);
    command
        .env("USHER_CONFIG", &file)
        .env("USHER__HTTP__PUBLIC_URL", "https://environment.example")
        .env("USHER__HTTP__MAX_BODY_BYTES", "4000");
    let service = Service::start(command);
    let response = service.get(list, &token).await;
    let href = response.body.pointer(first_link).unwrap().as_str().unwrap();
    assert!(href.starts_with("https://environment.example/api/v1/users?"), "{href}");
    assert_eq!(service.call("POST", ACME, &token, long_body).await.status, 201);
}

#[tokio::test]
async fn listen_option_overrides_the_file() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    sandbox.write("etc/users.jsonl", SEED);
    // This address cannot be bound.
    let text =
        settings(&issuer.name(""), "tenants = \"all\"").replace("127.0.0.1:0", "192.0.2.1:80");
    let file = sandbox.write("etc/usher.toml", &text);
    let service = sandbox.start(&["serve", "--config", &file, "--listen", "127.0.0.1:0"]);
    assert_eq!(service.get("/health/live", "").await.status, 200);
    let output = sandbox.run(&["serve", "--config", &file]);
    assert_eq!(output.code, Some(1), "{output:?}");
}

#[tokio::test]
async fn json_log_has_one_event_per_line() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let extra = "tenants = \"all\"\n[log]\nformat = \"json\"\n";
    let service = start(&sandbox, &settings(&issuer.name(""), extra));
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    let output = service.stop();
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    let mut codes = Vec::new();
    for line in output.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
        codes.extend(event["fields"]["code"].as_str().map(str::to_owned));
    }
    assert_eq!(codes, ["invalid_token"]);
}

#[tokio::test]
async fn log_filter_suppresses_events() {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::start().await);
    let extra = "tenants = \"all\"\n[log]\nfilter = \"warn,usher_http::commands=info\"\n";
    let service = start(&sandbox, &settings(&issuer.name(""), extra));
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    let output = service.stop();
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

#[tokio::test]
async fn trace_log_contains_no_secrets() {
    let (sandbox, issuer, key) = (Sandbox::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    let extra = "tenants = \"all\"\n[log]\nfilter = \"trace\"\n";
    let service = start(&sandbox, &settings(&issuer.name(""), extra));
    let token = issuer.token("", &key);
    let forged = issuer.token("", &SigningKey::ed25519("one"));
    let v2 = "/api/v2/users/auth0%7Cann/change-password";
    let change =
        |current: &str, new: &str| Some(json!({"currentPassword": current, "newPassword": new}));
    assert_eq!(service.get(ACME, &forged).await.status, 401);
    let response =
        service.call("PATCH", v2, &token, change("wrong-secret-2", "new-secret-3")).await;
    assert_eq!(response.status, 422);
    let response = service.call("PATCH", v2, &token, change("anns-secret-1", "new-secret-3")).await;
    assert_eq!(response.status, 200, "{response:?}");
    let created = json!({"email": "dan@acme.example", "username": "dan", "firstName": "D",
        "lastName": "D", "tenantName": "acme", "password": "dans-secret-4", "isServiceUser": false});
    service.call("POST", "/api/v1/users", &token, Some(created)).await;
    let output = service.stop();
    for secret in ["secret-1", "secret-2", "secret-3", "secret-4", &token, &forged, "ann@"] {
        assert!(!output.stderr.contains(secret), "{secret} is in the log");
    }
    let signature = token.rsplit('.').next().unwrap();
    assert!(!output.stderr.contains(signature));
    assert_eq!(output.stdout, "");
}
