//! `usher serve` with a file of settings, and an issuer that is asked over HTTP.

use serde_json::json;

use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::support::{Place, Service};

const PEOPLE: &str = r#"
{"id":"auth0|ann","email":"ann@acme.example","homeTenant":"acme","password":"anns-secret-1","tenants":{"acme":"owner"}}
{"id":"auth0|ben","email":"ben@acme.example","homeTenant":"acme","tenants":{"acme":"member","globex":"admin"}}
"#;

const ACME: &str = "/api/acme/admin/users";
const GLOBEX: &str = "/api/globex/admin/users";

/// The settings of a service with one issuer.
fn settings(issuer: &str, more: &str) -> String {
    format!(
        r#"
[http]
listen = "127.0.0.1:0"
workers = 1

[directory.memory]
seed = "people.jsonl"

[[auth.issuers]]
issuer = "{issuer}"
audience = "user-management"
{more}
"#
    )
}

/// A service with these settings, and the people of the seed beside them.
fn start(place: &Place, text: &str) -> Service {
    place.write("etc/people.jsonl", PEOPLE);
    let file = place.write("etc/usher.toml", text);
    place.serve(&["serve", "--config", &file])
}

#[tokio::test]
async fn token_is_verified_by_published_keys() {
    let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("/", &[&key]).await;
    let service = start(&place, &settings(&issuer.name("/"), "tenants = \"all\""));
    // Nothing is asked for before somebody comes.
    assert!(issuer.asked().await.is_empty());
    let token = issuer.token("/", &key);
    let answer = service.get(ACME, &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.emails(), ["ann@acme.example", "ben@acme.example"]);
    assert_eq!(service.get("/api/v1/users?filter[tenant]=globex", &token).await.status, 200);
    assert_eq!(issuer.asked().await, ["/.well-known/openid-configuration", "/keys"]);

    let forged = issuer.token("/", &SigningKey::ed25519("one"));
    let answer = service.get(ACME, &forged).await;
    assert_eq!((answer.status, answer.code()), (401, "invalid_token"));
    let elsewhere = issuer.token("", &key);
    let answer = service.get(ACME, &elsewhere).await;
    assert_eq!((answer.status, answer.code()), (401, "invalid_token"));
    assert_eq!(issuer.asked().await.len(), 2);
}

#[tokio::test]
async fn issuer_template_separates_tenants() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let (acmes, globexes) = (SigningKey::rsa("same"), SigningKey::ed25519("same"));
    issuer.publish("/acme", &[&acmes]).await;
    issuer.publish("/globex", &[&globexes]).await;
    let more = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"issuer\"";
    let service = start(&place, &settings(&issuer.name("/{tenant}"), more));

    let acme = issuer.token("/acme", &acmes);
    assert_eq!(service.get(ACME, &acme).await.status, 200);
    let answer = service.get(GLOBEX, &acme).await;
    assert_eq!((answer.status, answer.code()), (403, "tenant_forbidden"));
    let globex = issuer.token("/globex", &globexes);
    assert_eq!(service.get(GLOBEX, &globex).await.emails(), ["ben@acme.example"]);

    // The same kid, but another issuer's key.
    let stolen = issuer.token("/acme", &globexes);
    assert_eq!(service.get(ACME, &stolen).await.code(), "invalid_token");
    // A tenant whose issuer there is not.
    let answer = service.get(ACME, &issuer.token("/initech", &acmes)).await;
    assert_eq!((answer.status, answer.code()), (503, "keys_unavailable"));
    // What is no tenant is not asked for.
    let before = issuer.asked().await.len();
    for folder in ["/acme/", "/acme/globex", "/../acme", "/ACME", "/acme%2f", "//acme", "", "/"] {
        let answer = service.get(ACME, &issuer.token(folder, &acmes)).await;
        assert_eq!((answer.status, answer.code()), (401, "invalid_token"), "{folder}");
    }
    assert_eq!(issuer.asked().await.len(), before);
}

#[tokio::test]
async fn jwks_uri_template_is_used() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let key = SigningKey::rsa("one");
    issuer.publish_set("/key-sets/acme", &[&key]).await;
    let key_sets = issuer.name("/key-sets/{tenant}");
    let more = format!("jwks_uri = \"{key_sets}\"\ntenants = \"issuer\"");
    let service = start(&place, &settings(&issuer.name("/{tenant}"), &more));
    assert_eq!(service.get(ACME, &issuer.token("/acme", &key)).await.status, 200);
    assert_eq!(issuer.asked().await, ["/key-sets/acme"]);
}

#[tokio::test]
async fn rotated_key_replaces_the_old_one() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let (old, new) = (SigningKey::rsa("old"), SigningKey::ed25519("new"));
    issuer.publish("", &[&old]).await;
    let more = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"all\"";
    let service = start(&place, &settings(&issuer.name(""), more));
    let (olds, news) = (issuer.token("", &old), issuer.token("", &new));
    assert_eq!(service.get(ACME, &olds).await.status, 200);
    issuer.forget().await;
    issuer.publish("", &[&new]).await;
    // A key set once fetched serves without a further question.
    assert_eq!(service.get(ACME, &olds).await.status, 200);
    assert!(issuer.asked().await.is_empty());
    assert_eq!(service.get(ACME, &news).await.status, 200);
    assert_eq!(service.get(ACME, &olds).await.code(), "invalid_token");
    assert_eq!(issuer.asked().await.len(), 2);
}

#[tokio::test]
async fn cached_keys_serve_while_the_issuer_is_down() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let (known, unknown) = (SigningKey::rsa("known"), SigningKey::ed25519("unknown"));
    issuer.publish("", &[&known]).await;
    let more = "algorithms = [\"RS256\", \"EdDSA\"]\ntenants = \"all\"";
    let mut service = start(&place, &settings(&issuer.name(""), more));
    assert_eq!(service.get(ACME, &issuer.token("", &known)).await.status, 200);
    issuer.forget().await;
    let answer = service.get(ACME, &issuer.token("", &unknown)).await;
    assert_eq!((answer.status, answer.code()), (503, "keys_unavailable"));
    assert_eq!(service.get(ACME, &issuer.token("", &known)).await.status, 200);
    service.wait_for_log("the keys of an issuer could not be fetched");
}

#[tokio::test]
async fn membership_tenants_come_from_the_seed() {
    let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    let service = start(&place, &settings(&issuer.name(""), "tenants = \"membership\""));
    let of = |id: &str| issuer.claims("").with("sub", json!(id)).sign(&key);
    assert_eq!(service.get(ACME, &of("auth0|ann")).await.status, 200);
    assert_eq!(service.get(GLOBEX, &of("auth0|ann")).await.code(), "tenant_forbidden");
    assert_eq!(service.get(ACME, &of("auth0|ben")).await.code(), "insufficient_permission");
    assert_eq!(service.get(GLOBEX, &of("auth0|ben")).await.status, 200);
}

#[tokio::test]
async fn configured_roles_replace_the_defaults() {
    let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
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
    let service = start(&place, &settings(&issuer.name(""), roles));
    let token = issuer.token("", &key);
    // Ben's roles are not among them, and so are none.
    assert_eq!(service.get(ACME, &token).await.emails(), ["ann@acme.example"]);
    let body = |role: &str| Some(json!({"email": "cat@acme.example", "role": role}));
    let answer = service.call("POST", ACME, &token, body("admin")).await;
    assert_eq!((answer.status, answer.code()), (422, "unknown_role"));
    let answer = service.call("POST", ACME, &token, body("boss")).await;
    assert_eq!((answer.status, &answer.body["tenantRole"]), (201, &json!("boss")), "{answer:?}");
    // The owner is no longer protected, since these settings do not say so.
    let answer = service.call("DELETE", &format!("{ACME}/auth0%7Cann"), &token, None).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

#[tokio::test]
async fn environment_overrides_file_overrides_defaults() {
    let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    place.write("etc/people.jsonl", PEOPLE);
    let text = settings(&issuer.name(""), "tenants = \"all\"");
    let text =
        text.replace("workers = 1", "public_url = \"https://file.example\"\nmax_body_bytes = 40");
    let file = place.write("etc/usher.toml", &text);
    let token = issuer.token("", &key);
    let first = "/links/first/href";
    let list = "/api/v1/users?filter[tenant]=acme";
    let long = Some(json!({"email": "somebody-with-a-long-name@acme.example", "role": "member"}));

    let service = place.serve(&["serve", "--config", &file]);
    let answer = service.get(list, &token).await;
    let href = answer.body.pointer(first).unwrap().as_str().unwrap();
    assert!(href.starts_with("https://file.example/api/v1/users?"), "{href}");
    let answer = service.call("POST", ACME, &token, long.clone()).await;
    assert_eq!(answer.status, 413, "the file sets another limit than the default");

    let mut command = place.command(&["serve"]);
    command
        .env("USHER_CONFIG", &file)
        .env("USHER__HTTP__PUBLIC_URL", "https://environment.example")
        .env("USHER__HTTP__MAX_BODY_BYTES", "4000");
    let service = Service::start(command);
    let answer = service.get(list, &token).await;
    let href = answer.body.pointer(first).unwrap().as_str().unwrap();
    assert!(href.starts_with("https://environment.example/api/v1/users?"), "{href}");
    assert_eq!(service.call("POST", ACME, &token, long).await.status, 201);
}

#[tokio::test]
async fn listen_option_overrides_the_file() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    place.write("etc/people.jsonl", PEOPLE);
    // Nobody may listen there, so that it shows who was heard.
    let text =
        settings(&issuer.name(""), "tenants = \"all\"").replace("127.0.0.1:0", "192.0.2.1:80");
    let file = place.write("etc/usher.toml", &text);
    let service = place.serve(&["serve", "--config", &file, "--listen", "127.0.0.1:0"]);
    assert_eq!(service.get("/health/live", "").await.status, 200);
    let ended = place.run(&["serve", "--config", &file]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[tokio::test]
async fn json_log_has_one_event_per_line() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let more = "tenants = \"all\"\n[log]\nformat = \"json\"\n";
    let service = start(&place, &settings(&issuer.name(""), more));
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    let ended = service.stop();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""));
    let mut codes = Vec::new();
    for line in ended.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["timestamp"].is_string() && event["level"].is_string(), "{line}");
        codes.extend(event["fields"]["code"].as_str().map(str::to_owned));
    }
    assert_eq!(codes, ["invalid_token"]);
}

#[tokio::test]
async fn log_filter_suppresses_events() {
    let (place, issuer) = (Place::new(), Issuer::start().await);
    let more = "tenants = \"all\"\n[log]\nfilter = \"warn,usher_http::commands=info\"\n";
    let service = start(&place, &settings(&issuer.name(""), more));
    assert_eq!(service.get(ACME, "garbage").await.status, 401);
    let ended = service.stop();
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[tokio::test]
async fn trace_log_contains_no_secrets() {
    let (place, issuer, key) = (Place::new(), Issuer::start().await, SigningKey::rsa("one"));
    issuer.publish("", &[&key]).await;
    let more = "tenants = \"all\"\n[log]\nfilter = \"trace\"\n";
    let service = start(&place, &settings(&issuer.name(""), more));
    let token = issuer.token("", &key);
    let forged = issuer.token("", &SigningKey::ed25519("one"));
    let v2 = "/api/v2/users/auth0%7Cann/change-password";
    let change =
        |current: &str, new: &str| Some(json!({"currentPassword": current, "newPassword": new}));
    assert_eq!(service.get(ACME, &forged).await.status, 401);
    let answer = service.call("PATCH", v2, &token, change("wrong-secret-2", "new-secret-3")).await;
    assert_eq!(answer.status, 422);
    let answer = service.call("PATCH", v2, &token, change("anns-secret-1", "new-secret-3")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let created = json!({"email": "dan@acme.example", "username": "dan", "firstName": "D",
        "lastName": "D", "tenantName": "acme", "password": "dans-secret-4", "isServiceUser": false});
    service.call("POST", "/api/v1/users", &token, Some(created)).await;
    let ended = service.stop();
    for secret in ["secret-1", "secret-2", "secret-3", "secret-4", &token, &forged, "ann@"] {
        assert!(!ended.stderr.contains(secret), "{secret} is in the log");
    }
    let signature = token.rsplit('.').next().unwrap();
    assert!(!ended.stderr.contains(signature));
    assert_eq!(ended.stdout, "");
}
