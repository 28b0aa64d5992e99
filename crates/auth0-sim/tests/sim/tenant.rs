//! Connections, applications, mails.

use auth0_sim::{Client, PasswordPolicy, Usernames};
use reqwest::Method;
use serde_json::json;

use crate::support::{REALM, Reply, Tenant, connection, send};

#[tokio::test]
async fn connection_exposes_its_options() {
    let tenant = Tenant::with(|config| {
        config.connections.push(connection("strict", |connection| {
            connection.usernames = Usernames::Required;
            connection.password_policy = PasswordPolicy::Good;
            connection.history = 5;
            connection.dictionary = true;
            connection.enabled_clients = Some(Vec::new());
        }));
        config.connections.push(connection("plain", |c| c.usernames = Usernames::None));
    })
    .await;
    let all = tenant.get("/api/v2/connections?strategy=auth0").await.json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    let found = tenant.get("/api/v2/connections?name=strict").await.json();
    let strict = &found[0];
    assert_eq!(strict["options"]["requires_username"], true);
    assert_eq!(strict["options"]["passwordPolicy"], "good");
    assert_eq!(strict["options"]["password_history"], json!({"enable": true, "size": 5}));
    assert_eq!(strict["options"]["password_dictionary"]["enable"], true);
    assert_eq!(strict["enabled_clients"], json!([]));
    let plain = tenant.get("/api/v2/connections/con_plain").await.json();
    assert_eq!(plain["options"]["requires_username"], false);
    assert_eq!(plain["enabled_clients"], json!(["usher"]));
    let usual = tenant.get(&format!("/api/v2/connections?name={REALM}")).await.json();
    assert_eq!(usual[0]["options"]["attributes"]["username"]["identifier"]["active"], true);
}

#[tokio::test]
async fn connections_can_be_paged_by_checkpoint() {
    let tenant = Tenant::with(|config| {
        config.connections.push(connection("second", |_| ()));
    })
    .await;
    let first = tenant.get("/api/v2/connections?take=1").await.json();
    let next = first["next"].as_str().unwrap();
    let second = tenant.get(&format!("/api/v2/connections?take=1&from={next}")).await.json();
    assert_eq!(first["connections"].as_array().unwrap().len(), 1);
    assert_eq!(second["connections"].as_array().unwrap().len(), 1);
    assert_ne!(first["connections"], second["connections"]);
}

#[tokio::test]
async fn unknown_connection_and_client_are_404() {
    let tenant = Tenant::start().await;
    assert_eq!(tenant.get("/api/v2/connections?name=none").await.json(), json!([]));
    assert_eq!(tenant.get("/api/v2/connections?strategy=sms").await.json(), json!([]));
    let reply = tenant.get("/api/v2/connections/con_none").await;
    assert_eq!(reply.code(), (404, "inexistent_connection".to_owned()));
    let reply = tenant.get("/api/v2/clients/none").await;
    assert_eq!(reply.code(), (404, "inexistent_client".to_owned()));
    let reply = tenant.get("/api/v2/connections?page=a").await;
    assert_eq!(reply.code(), (400, "invalid_query_string".to_owned()));
}

#[tokio::test]
async fn client_exposes_grants_but_no_secret() {
    let tenant = Tenant::with(|config| {
        config.clients.push(Client {
            id: "other".to_owned(),
            grant_types: Vec::new(),
            trust_forwarded_for: false,
            ..Client::default()
        });
    })
    .await;
    let usual = tenant.get("/api/v2/clients/usher").await;
    assert!(!usual.text.contains("usher-secret"));
    let usual = usual.json();
    assert_eq!(usual["is_token_endpoint_ip_header_trusted"], true);
    assert_eq!(usual["grant_types"].as_array().unwrap().len(), 2);
    let other = tenant.get("/api/v2/clients/other").await.json();
    assert_eq!(other["is_token_endpoint_ip_header_trusted"], false);
    assert_eq!(other["grant_types"], json!([]));
}

async fn ask_for_mail(tenant: &Tenant, email: &str) -> Reply {
    let body = json!({"client_id": "usher", "email": email, "connection": REALM});
    send(tenant.request(Method::POST, "/dbconnections/change_password").json(&body)).await.unwrap()
}

#[tokio::test]
async fn password_reset_response_hides_whether_user_exists() {
    let tenant = Tenant::start().await;
    let id = tenant.person("jane@acme.example", "correct horse");
    let known = ask_for_mail(&tenant, "Jane@acme.example").await;
    let unknown = ask_for_mail(&tenant, "nobody@acme.example").await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(known.status, 200);
    assert!(known.header("content-type").unwrap().starts_with("text/html"));
    let mails = tenant.control().mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].kind.as_str(), mails[0].to.as_str()),
        ("reset_email", "jane@acme.example")
    );
    assert_eq!(mails[0].user_id, id);
    assert!(!format!("{mails:?}").contains("acme.example"));
    assert_eq!(tenant.get("/__sim/mails").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn password_reset_mails_per_address_are_limited() {
    let tenant = Tenant::start().await;
    for _ in 0..10 {
        assert_eq!(ask_for_mail(&tenant, "jane@acme.example").await.status, 200);
    }
    let refused = ask_for_mail(&tenant, "jane@acme.example").await;
    assert_eq!(refused.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(ask_for_mail(&tenant, "joe@acme.example").await.status, 200);
    tenant.clock.advance(60_000);
    assert_eq!(ask_for_mail(&tenant, "jane@acme.example").await.status, 200);
    assert_eq!(ask_for_mail(&tenant, "jane@acme.example").await.status, 429);
}
