//! The password grant: its outcomes and its counters.

use auth0_sim::{BlockedLoginResponse, Client, WrongPasswordResponse};
use serde_json::{Value, json};

use crate::support::{REALM, START, Tenant, client, connection};

const EMAIL: &str = "jane@acme.example";
const PASSWORD: &str = "correct horse";
const IP: &str = "203.0.113.7";

async fn tenant() -> (Tenant, String) {
    let tenant = Tenant::start().await;
    let id = tenant.add_user(EMAIL, PASSWORD);
    (tenant, id)
}

async fn log_in_correctly(tenant: &Tenant) -> (u16, String) {
    tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await.error()
}

async fn log_in_wrongly(tenant: &Tenant) -> (u16, String) {
    tenant.log_in(EMAIL, "wrong", IP, json!({})).await.error()
}

fn outcome(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

#[tokio::test]
async fn correct_password_updates_login_fields() {
    let (tenant, id) = tenant().await;
    tenant.clock.advance(5_000);
    let reply = tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["token_type"], "Bearer");
    let user = tenant.control().user(&id).unwrap();
    assert_eq!(user["logins_count"], 1);
    assert_eq!(user["last_login"], "2026-03-02T08:00:05.000Z");
    assert_eq!(user["updated_at"], "2026-03-02T08:00:05.000Z");
    assert_eq!(user["last_ip"], IP);
}

#[tokio::test]
async fn login_accepts_username_and_any_email_case() {
    let tenant = Tenant::start().await;
    let user = json!({"email": EMAIL, "username": "jane", "password": PASSWORD});
    tenant.control().seed(user).unwrap();
    for name in ["jane", "Jane@ACME.example"] {
        let reply = tenant.log_in(name, PASSWORD, IP, json!({})).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_user_look_equal() {
    let (tenant, id) = tenant().await;
    let wrong = tenant.log_in(EMAIL, "wrong", IP, json!({})).await;
    let unknown = tenant.log_in("nobody@acme.example", "wrong", IP, json!({})).await;
    assert_eq!(wrong.error(), outcome(403, "invalid_grant"));
    assert_eq!(wrong.json()["error_description"], "Wrong email or password.");
    assert_eq!((wrong.status, wrong.text), (unknown.status, unknown.text));
    assert!(tenant.control().user(&id).unwrap().get("logins_count").is_none());
}

#[tokio::test]
async fn wrong_password_error_follows_switch() {
    let (tenant, _) = tenant().await;
    let second = WrongPasswordResponse::InvalidUserPassword;
    tenant.control().update_switches(|switches| switches.wrong_password = second);
    assert_eq!(log_in_wrongly(&tenant).await, outcome(403, "invalid_user_password"));
}

#[tokio::test]
async fn second_factor_is_required_after_correct_password() {
    let (tenant, id) = tenant().await;
    tenant.control().update_switches(|switches| {
        switches.mfa_users.insert(id.clone());
    });
    assert_eq!(log_in_wrongly(&tenant).await, outcome(403, "invalid_grant"));
    let reply = tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await;
    assert_eq!(reply.error(), outcome(403, "mfa_required"));
    assert!(reply.json()["mfa_token"].is_string());
    tenant.control().update_switches(|switches| switches.mfa_status = 401);
    assert_eq!(log_in_correctly(&tenant).await, outcome(401, "mfa_required"));
    assert!(tenant.control().user(&id).unwrap().get("logins_count").is_none());
}

#[tokio::test]
async fn blocked_login_is_rejected_but_counted() {
    let tenant = Tenant::start().await;
    let user = json!({"email": EMAIL, "password": PASSWORD, "blocked": true});
    let id = tenant.control().seed(user).unwrap();
    let reply = tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await;
    assert_eq!(reply.error(), outcome(401, "unauthorized"));
    assert_eq!(reply.json()["error_description"], "user is blocked");
    assert_eq!(tenant.control().user(&id).unwrap()["logins_count"], 1);
    tenant
        .control()
        .update_switches(|switches| switches.blocked_answer = BlockedLoginResponse::InvalidGrant);
    assert_eq!(log_in_correctly(&tenant).await, outcome(403, "invalid_grant"));
    assert_eq!(log_in_wrongly(&tenant).await, outcome(403, "invalid_grant"));
}

#[tokio::test]
async fn leaks_bots_and_actions_have_distinct_errors() {
    let (tenant, id) = tenant().await;
    tenant.control().update_switches(|switches| {
        switches.denied_users.insert(id.clone(), "not today".to_owned());
    });
    let reply = tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await;
    assert_eq!(reply.error(), outcome(403, "access_denied"));
    assert_eq!(reply.json()["error_description"], "not today");
    tenant.control().update_switches(|switches| {
        switches.leaked_users.insert(id.clone());
    });
    assert_eq!(log_in_correctly(&tenant).await, outcome(401, "password_leaked"));
    tenant.control().update_switches(|switches| switches.bot_detection = true);
    assert_eq!(log_in_correctly(&tenant).await, outcome(401, "requires_verification"));
}

#[tokio::test]
async fn tenth_wrong_password_blocks_user_at_address() {
    let (tenant, _) = tenant().await;
    tenant.add_user("joe@acme.example", PASSWORD);
    for _ in 0..10 {
        assert_eq!(log_in_wrongly(&tenant).await, outcome(403, "invalid_grant"));
    }
    let reply = tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await;
    assert_eq!(reply.error(), outcome(429, "too_many_attempts"));
    let description = reply.json()["error_description"].as_str().unwrap().to_owned();
    assert!(description.starts_with("Your account has been blocked after multiple"));
    let elsewhere = tenant.log_in(EMAIL, PASSWORD, "203.0.113.8", json!({})).await;
    assert_eq!(elsewhere.status, 200, "another address");
    let other_user = tenant.log_in("joe@acme.example", PASSWORD, IP, json!({})).await;
    assert_eq!(other_user.status, 200, "another user");

    tenant.clock.advance(30 * 86_400_000);
    assert_eq!(tenant.log_in(EMAIL, PASSWORD, IP, json!({})).await.status, 200);
}

#[tokio::test]
async fn correct_password_resets_failure_count() {
    let (tenant, _) = tenant().await;
    tenant.control().update_switches(|switches| switches.logins_per_minute = 0);
    for _ in 0..9 {
        log_in_wrongly(&tenant).await;
    }
    assert_eq!(log_in_correctly(&tenant).await.0, 200);
    for _ in 0..9 {
        log_in_wrongly(&tenant).await;
    }
    assert_eq!(log_in_correctly(&tenant).await.0, 200);
}

#[tokio::test]
async fn administrator_lifts_brute_force_block() {
    let (tenant, id) = tenant().await;
    for _ in 0..10 {
        log_in_wrongly(&tenant).await;
    }
    let path = format!("/api/v2/user-blocks/{}", id.replace('|', "%7C"));
    let blocks = tenant.get(&path).await.json();
    assert_eq!(blocks["blocked_for"][0]["identifier"], EMAIL);
    assert_eq!(blocks["blocked_for"][0]["ip"], IP);
    let by_name = tenant.get(&format!("/api/v2/user-blocks?identifier={EMAIL}")).await.json();
    assert_eq!(by_name["blocked_for"], blocks["blocked_for"]);
    assert_eq!(tenant.delete(&path, None).await.status, 204);
    assert_eq!(tenant.get(&path).await.json()["blocked_for"], json!([]));
    assert_eq!(log_in_correctly(&tenant).await.0, 200);
}

#[tokio::test]
async fn new_password_lifts_block() {
    let (tenant, id) = tenant().await;
    for _ in 0..10 {
        log_in_wrongly(&tenant).await;
    }
    let path = format!("/api/v2/users/{}", id.replace('|', "%7C"));
    let body = json!({"password": "another horse", "connection": REALM});
    assert_eq!(tenant.patch(&path, body).await.status, 200);
    assert_eq!(tenant.log_in(EMAIL, "another horse", IP, json!({})).await.status, 200);
}

#[tokio::test]
async fn logins_per_user_and_address_are_limited() {
    let (tenant, _) = tenant().await;
    for _ in 0..20 {
        assert_eq!(log_in_correctly(&tenant).await.0, 200);
    }
    assert_eq!(log_in_correctly(&tenant).await, outcome(429, "too_many_requests"));
    let elsewhere = tenant.log_in(EMAIL, PASSWORD, "203.0.113.8", json!({})).await;
    assert_eq!(elsewhere.status, 200);
    tenant.clock.advance(60_000);
    for _ in 0..10 {
        assert_eq!(log_in_correctly(&tenant).await.0, 200);
    }
    assert_eq!(log_in_correctly(&tenant).await, outcome(429, "too_many_requests"));
}

#[tokio::test]
async fn address_with_many_failures_is_throttled_for_day() {
    let (tenant, _) = tenant().await;
    tenant.control().update_switches(|switches| switches.suspicious_ip_threshold = Some(3));
    for name in ["a", "b", "c"] {
        tenant.log_in(name, "wrong", IP, json!({})).await;
    }
    assert_eq!(log_in_correctly(&tenant).await, outcome(429, "too_many_logins"));
    tenant.clock.set(START + 86_400_000);
    assert_eq!(log_in_correctly(&tenant).await.0, 200);
}

#[tokio::test]
async fn untrusted_client_counts_by_its_own_address() {
    let tenant = Tenant::with(|config| {
        config.clients = vec![Client { trust_forwarded_for: false, ..Client::default() }];
    })
    .await;
    tenant.add_user(EMAIL, PASSWORD);
    for last in 0..10 {
        tenant.log_in(EMAIL, "wrong", &format!("203.0.113.{last}"), json!({})).await;
    }
    let reply = tenant.log_in(EMAIL, PASSWORD, "203.0.113.99", json!({})).await;
    assert_eq!(reply.error(), outcome(429, "too_many_attempts"));
}

#[tokio::test]
async fn invalid_login_request_has_specific_error() {
    let tenant = Tenant::with(|config| {
        config.clients.push(Client {
            grant_types: vec!["client_credentials".to_owned()],
            ..client("no-passwords", &["read:users"])
        });
        config.connections.push(connection("closed", |connection| {
            connection.enabled_clients = Some(Vec::new());
        }));
    })
    .await;
    tenant.add_user(EMAIL, PASSWORD);
    let other_client = json!({"client_id": "no-passwords", "client_secret": "no-passwords-secret"});
    for (changes, status, error) in [
        (json!({"realm": null}), 400, "invalid_request"),
        (json!({"username": null}), 400, "invalid_request"),
        (json!({"password": null}), 400, "invalid_request"),
        (json!({"realm": "nowhere"}), 400, "invalid_request"),
        (json!({"realm": "closed"}), 403, "unauthorized_client"),
        (json!({"client_secret": "wrong"}), 401, "invalid_client"),
        (json!({"audience": "https://nobody.example"}), 403, "access_denied"),
        (other_client, 403, "unauthorized_client"),
    ] {
        let reply = tenant.log_in(EMAIL, PASSWORD, IP, changes.clone()).await;
        assert_eq!(reply.error(), outcome(status, error), "{changes}");
    }
}

#[tokio::test]
async fn logins_are_counted_separately_and_redacted() {
    let (tenant, _) = tenant().await;
    log_in_correctly(&tenant).await;
    let calls = tenant.control().calls();
    assert_eq!(calls.get("POST /oauth/token password-realm"), Some(&1));
    assert_eq!(calls.get("POST /oauth/token client_credentials"), None);
    let bodies: Vec<Value> =
        tenant.control().requests().into_iter().filter_map(|request| request.body).collect();
    assert_eq!(bodies[0]["password"], "[redacted]");
    assert_eq!(bodies[0]["client_secret"], "[redacted]");
    assert_eq!(bodies[0]["username"], EMAIL);
}
