//! Connections and applications.

use auth0_sim::{Client, PasswordPolicy, Usernames};
use serde_json::json;

use crate::support::{REALM, Tenant, connection};

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
    let connections = tenant.get("/api/v2/connections?strategy=auth0").await.json();
    assert_eq!(connections.as_array().unwrap().len(), 3);
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
    let default = tenant.get(&format!("/api/v2/connections?name={REALM}")).await.json();
    assert_eq!(default[0]["options"]["attributes"]["username"]["identifier"]["active"], true);
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
    let default = tenant.get("/api/v2/clients/usher").await;
    assert!(!default.text.contains("usher-secret"));
    let default = default.json();
    assert_eq!(default["is_token_endpoint_ip_header_trusted"], true);
    assert_eq!(default["grant_types"].as_array().unwrap().len(), 2);
    let other = tenant.get("/api/v2/clients/other").await.json();
    assert_eq!(other["is_token_endpoint_ip_header_trusted"], false);
    assert_eq!(other["grant_types"], json!([]));
}
