//! Verification and password links: who gets them, what they change, when they end.

use auth0_sim::{Client, Connection, LinkError, PasswordPolicy};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{REALM, Reply, Tenant, send};

const FIVE_DAYS: i64 = 432_000_000;
const JOBS: &str = "/api/v2/jobs/verification-email";

/// Starts a tenant with one user, whose address is not verified. Returns its id.
async fn start() -> (Tenant, String) {
    let tenant = Tenant::with(|config| {
        let password_policy = PasswordPolicy::Low;
        config.connections = vec![Connection { password_policy, ..Connection::default() }];
    })
    .await;
    let id = tenant.add_user("jane@acme.example", "correct horse");
    (tenant, id)
}

fn user(tenant: &Tenant, id: &str) -> Value {
    tenant.control().user(id).unwrap()
}

/// Returns `email_verified` and `last_password_reset` of a user.
fn proofs(tenant: &Tenant, id: &str) -> (Value, Option<Value>) {
    let user = user(tenant, id);
    (user["email_verified"].clone(), user.get("last_password_reset").cloned())
}

/// Returns path and query of the last link that was mailed.
fn last_link(tenant: &Tenant) -> String {
    path(tenant, &tenant.control().mails().last().unwrap().link)
}

fn path(tenant: &Tenant, link: &str) -> String {
    link.strip_prefix(tenant.sim.url()).unwrap().trim_end_matches('#').to_owned()
}

/// Sends a request without a token, as a browser does.
async fn open(tenant: &Tenant, path: &str) -> Reply {
    send(tenant.request(Method::GET, path)).await.unwrap()
}

async fn submit(tenant: &Tenant, path: &str, password: &str) -> Reply {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let form = form.append_pair("password", password).finish();
    send(tenant.request(Method::POST, path).body(form)).await.unwrap()
}

async fn request_password_link(tenant: &Tenant) -> String {
    let body = json!({"client_id": "usher", "email": "jane@acme.example", "connection": REALM});
    let request = tenant.request(Method::POST, "/dbconnections/change_password").json(&body);
    assert_eq!(send(request).await.unwrap().status, 200);
    last_link(tenant)
}

#[tokio::test]
async fn verification_job_mails_link_that_works_once() {
    let (tenant, id) = start().await;
    let reply = tenant.post(JOBS, json!({"user_id": id, "client_id": "usher"})).await;
    let job = reply.json();
    assert_eq!(reply.status, 201);
    assert_eq!((&job["type"], &job["status"]), (&"verification_email".into(), &"pending".into()));
    assert!(job["created_at"].is_string());
    let status = tenant.get(&format!("/api/v2/jobs/{}", job["id"].as_str().unwrap())).await;
    assert_eq!(status.json()["status"], "completed");

    let mails = tenant.control().mails();
    assert_eq!((mails[0].kind.as_str(), mails[0].user_id.as_str()), ("verify_email", id.as_str()));
    assert_eq!(mails[0].to, "jane@acme.example");
    assert!(!format!("{mails:?}").contains("ticket="));
    tenant.clock.advance(5);
    assert_eq!(open(&tenant, &last_link(&tenant)).await.status, 200);
    assert_eq!(proofs(&tenant, &id), (json!(true), None));
    assert_eq!(user(&tenant, &id)["updated_at"], "2026-03-02T08:00:00.005Z");
    assert_eq!(open(&tenant, &last_link(&tenant)).await.status, 400, "it was used");
}

#[tokio::test]
async fn verification_job_rejects_unknown_users_and_identities() {
    let (tenant, id) = start().await;
    let unknown = json!({"user_id": "auth0|nobody"});
    assert_eq!(
        tenant.post(JOBS, unknown.clone()).await.code(),
        (404, "inexistent_user".to_owned())
    );
    tenant.control().update_switches(|switches| switches.unknown_job_user_status = 400);
    assert_eq!(tenant.post(JOBS, unknown).await.status, 400);
    for body in [json!({}), json!({"user_id": 7}), json!({"user_id": id, "email": "x"})] {
        assert_eq!(tenant.post(JOBS, body).await.code(), (400, "invalid_body".to_owned()));
    }
    let phone = tenant.control().seed(json!({"user_id": "sms|1", "phone_number": "+491"})).unwrap();
    let social = json!({"user_id": "google-oauth2|7", "email": "j@gmail.example"});
    let social = tenant.control().seed(social).unwrap();
    for body in [
        json!({"user_id": phone, "identity": {"provider": "sms", "user_id": "1"}}),
        json!({"user_id": social}),
        json!({"user_id": social, "identity": {"provider": "auth0", "user_id": "7"}}),
        json!({"user_id": id, "client_id": "none"}),
    ] {
        assert_eq!(tenant.post(JOBS, body.clone()).await.status, 400, "{body}");
    }
    assert!(tenant.control().mails().is_empty());
    let named =
        json!({"user_id": social, "identity": {"provider": "google-oauth2", "user_id": "7"}});
    assert_eq!(tenant.post(JOBS, named).await.status, 201);
    assert_eq!(open(&tenant, &last_link(&tenant)).await.status, 200);
    assert_eq!(user(&tenant, &social)["email_verified"], true);
}

#[tokio::test]
async fn jobs_and_tickets_require_their_scopes() {
    let reader = Client { scopes: vec!["read:users".to_owned()], ..Client::default() };
    let tenant = Tenant::with(|config| config.clients = vec![reader]).await;
    for path in [JOBS, "/api/v2/tickets/password-change", "/api/v2/tickets/email-verification"] {
        let reply = tenant.post(path, json!({"user_id": "auth0|1"})).await;
        assert_eq!(reply.code(), (403, "insufficient_scope".to_owned()));
    }
}

#[tokio::test]
async fn password_link_sets_password_and_reset_time() {
    for verifies in [true, false] {
        let (tenant, id) = start().await;
        tenant.control().update_switches(|switches| switches.password_link_verifies = verifies);
        let link = request_password_link(&tenant).await;
        assert!(open(&tenant, &link).await.text.contains("<form"));
        assert_eq!(proofs(&tenant, &id), (json!(false), None), "the form changes nothing");
        assert_eq!(submit(&tenant, &link, "weak").await.status, 400);
        tenant.clock.advance(61_000);
        assert_eq!(submit(&tenant, &link, "new secret").await.status, 200);
        let reset = Some(json!("2026-03-02T08:01:01.000Z"));
        assert_eq!(proofs(&tenant, &id), (json!(verifies), reset));
        let log_in = async |password| {
            tenant.log_in("jane@acme.example", password, "192.0.2.1", json!({})).await.status
        };
        assert_eq!((log_in("correct horse").await, log_in("new secret").await), (403, 200));
        assert_eq!(submit(&tenant, &link, "other secret").await.status, 400, "it was used");
        assert_eq!(open(&tenant, &link).await.status, 400);
    }
}

#[tokio::test]
async fn links_expire_and_end_with_their_address() {
    let (tenant, id) = start().await;
    let verify = async || {
        tenant.post(JOBS, json!({"user_id": id})).await;
        last_link(&tenant)
    };
    let (old, old_password) = (verify().await, request_password_link(&tenant).await);
    let path = format!("/api/v2/users/{}", id.replace('|', "%7C"));
    tenant.patch(&path, json!({"email": "new@acme.example"})).await;
    assert_eq!(open(&tenant, &old).await.status, 400);
    assert_eq!(submit(&tenant, &old_password, "new secret").await.status, 400);
    tenant.control().update_switches(|switches| switches.email_change_revokes_links = false);
    assert_eq!(open(&tenant, &old).await.status, 400, "it would verify another address");
    assert_eq!(submit(&tenant, &old_password, "new secret").await.status, 200);
    let (verified, reset) = proofs(&tenant, &id);
    assert!(reset.is_some() && verified == false, "the new address is not verified");

    let (expired, expired_password) = (
        verify().await,
        tenant.post("/api/v2/tickets/password-change", json!({"user_id": id})).await,
    );
    let expired_password = self::path(&tenant, expired_password.json()["ticket"].as_str().unwrap());
    tenant.clock.advance(FIVE_DAYS);
    assert_eq!(open(&tenant, &expired).await.status, 400);
    assert_eq!(submit(&tenant, &expired_password, "other secret").await.status, 400);
}

#[tokio::test]
async fn password_ticket_verifies_address_only_if_asked() {
    for marks in [false, true] {
        let (tenant, id) = start().await;
        let body = json!({
            "user_id": id, "mark_email_as_verified": marks, "ttl_sec": 60,
            "result_url": "https://app.example/done",
        });
        let tickets = "/api/v2/tickets/password-change";
        let link = async || {
            let reply = tenant.post(tickets, body.clone()).await;
            assert_eq!(reply.status, 201);
            path(&tenant, reply.json()["ticket"].as_str().unwrap())
        };
        let (first, second) = (link().await, link().await);
        let reply = submit(&tenant, &first, "new secret").await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, Some("https://app.example/done"))
        );
        assert_eq!(user(&tenant, &id)["email_verified"], marks);
        tenant.clock.advance(60_000);
        assert_eq!(submit(&tenant, &second, "new secret").await.status, 400);
        assert!(tenant.control().mails().is_empty(), "tickets are not mailed");
        let by_email =
            json!({"connection_id": Connection::default().id, "email": "jane@acme.example"});
        assert_eq!(tenant.post(tickets, by_email).await.status, 201);
        assert_eq!(tenant.post(tickets, json!({"user_id": "auth0|no"})).await.status, 404);
    }
    let (tenant, id) = start().await;
    let reply = tenant.post("/api/v2/tickets/email-verification", json!({"user_id": id})).await;
    let link = path(&tenant, reply.json()["ticket"].as_str().unwrap());
    assert_eq!(open(&tenant, &link).await.status, 200);
    assert_eq!(user(&tenant, &id)["email_verified"], true);
}

#[tokio::test]
async fn control_follows_links_in_one_call() {
    let (tenant, id) = start().await;
    let control = tenant.control();
    control.verify_email(&id).unwrap();
    assert_eq!(proofs(&tenant, &id), (json!(true), None));
    control.reset_password(&id, "new secret").unwrap();
    assert!(proofs(&tenant, &id).1.is_some());
    let refused = control.reset_password(&id, "weak").unwrap_err();
    assert_eq!(refused.to_string(), "PasswordStrengthError: Password is too weak");
    assert_eq!(control.verify_email("auth0|no"), Err(LinkError::UnknownUser));
    let phone = control.seed(json!({"user_id": "sms|1", "phone_number": "+491"})).unwrap();
    assert_eq!(control.verify_email(&phone), Err(LinkError::NoCredential));

    let other = tenant.add_user("joe@acme.example", "correct horse");
    tenant.post(JOBS, json!({"user_id": other})).await;
    control.follow_link(&control.mails()[0].link, None).unwrap();
    assert_eq!(user(&tenant, &other)["email_verified"], true);
    assert_eq!(control.follow_link("https://x.example/", None), Err(LinkError::Unusable));

    let third = tenant.add_user("jim@acme.example", "correct horse");
    let path = format!("/__sim/users/{}", third.replace('|', "%7C"));
    let reset = format!("{path}/reset-password");
    assert_eq!(tenant.post(&format!("{path}/verify-email"), json!({})).await.status, 204);
    assert_eq!(tenant.post(&reset, json!({"password": "new secret"})).await.status, 204);
    assert_eq!(tenant.post(&reset, json!({"password": "weak"})).await.status, 400);
    assert_eq!(tenant.post("/__sim/users/auth0%7Cno/verify-email", json!({})).await.status, 404);
    assert!(proofs(&tenant, &third).0 == true && proofs(&tenant, &third).1.is_some());
}

#[tokio::test]
async fn login_changes_no_proof() {
    let (tenant, id) = start().await;
    let reply = tenant.log_in("jane@acme.example", "correct horse", "192.0.2.1", json!({})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(proofs(&tenant, &id), (json!(false), None));
}

#[tokio::test]
async fn password_link_lifts_no_administrator_block() {
    let (tenant, id) = start().await;
    tenant
        .patch(&format!("/api/v2/users/{}", id.replace('|', "%7C")), json!({"blocked": true}))
        .await;
    tenant.control().reset_password(&id, "new secret").unwrap();
    assert_eq!(user(&tenant, &id)["blocked"], true);
}

#[tokio::test]
async fn created_user_gets_link_unless_verified() {
    let (tenant, _) = start().await;
    for (email_verified, mails) in [(json!(true), 0), (json!(false), 1)] {
        tenant.control().reset();
        let body = json!({
            "connection": REALM, "email": "new@acme.example", "password": "new secret",
            "email_verified": email_verified,
        });
        let created = tenant.post("/api/v2/users", body).await.json();
        assert_eq!(created["email_verified"], email_verified);
        assert_eq!(created.get("last_password_reset"), None);
        assert_eq!(tenant.control().mails().len(), mails);
    }
    assert_eq!(open(&tenant, &last_link(&tenant)).await.status, 200);
    assert_eq!(tenant.control().users()[0]["email_verified"], true);
}
