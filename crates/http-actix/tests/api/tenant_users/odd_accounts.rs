//! Accounts with ids and addresses of other identity providers.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{ACME, user_path};
use crate::support::{App, AppOptions};

const ODD_IDS: [&str; 7] = [
    r"samlp|corp|CORP\jane",
    "waad|a/b#c?d=e%2F",
    "oidc|corp|\"Doe, Jane\" <jane@corp.example>",
    "adfs|CN=Jörg Müller,OU=Vertrieb",
    "custom|日本 +1",
    "auth0|/users",
    "auth0|%2e%2e",
];

fn segment(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

/// A service with these accounts at home in acme.
async fn app_with(accounts: impl IntoIterator<Item = (&'static str, Value)>) -> App {
    let lines = accounts.into_iter().map(|(id, email)| {
        let account = json!({
            "id": id, "email": email, "homeTenant": "acme", "tenants": { "acme": "viewer" },
        });
        format!("\n{account}")
    });
    App::start_with(AppOptions { users: lines.collect(), ..AppOptions::default() }).await
}

#[tokio::test]
async fn account_with_any_id_is_managed_by_its_path() {
    let odd = ODD_IDS.into_iter().enumerate();
    let app =
        app_with(odd.map(|(number, id)| (id, json!(format!("p{number}@acme.example"))))).await;
    let acme = app.tenant("acme");
    let list = acme.get(ACME).await.json();
    for id in ODD_IDS {
        assert!(list.as_array().unwrap().iter().any(|user| user["id"] == id), "{id}");
        let path = format!("{ACME}/{}", segment(id));
        assert_eq!(acme.get(&path).await.json()["id"], id);
        let changed = acme.put(&path, json!({"role": "admin"})).await;
        assert_eq!(
            (changed.outcome().as_str(), &changed.json()["tenantRole"]),
            ("200", &json!("admin"))
        );
        let account = format!("/api/v1/users/{}", segment(id));
        assert_eq!(acme.get(&account).await.json()["id"], id);
        assert_eq!(acme.delete(&path).await.outcome(), "204");
        assert_eq!(acme.get(&path).await.outcome(), "404 user_not_found");
    }
}

#[tokio::test]
async fn shown_values_can_be_sent_back() {
    let app = App::start().await;
    // In memory, no account has another address than Usher accepts.
    let Some(auth0) = app.auth0() else { return };
    let odd = json!({
        "user_id": "auth0|odd",
        "email": "\"Odd One\"@localhost",
        "given_name": "a\nb",
        "family_name": "\u{0}",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-01T00:00:00.000Z",
        "identities": [{
            "connection": "Username-Password-Authentication", "provider": "auth0", "user_id": "odd",
        }],
        "app_metadata": {
            "usher": { "home": "acme" }, "usher_tenant_acme": { "role": "viewer" },
        },
    });
    auth0.seed_exact(odd.clone()).unwrap();
    let acme = app.tenant("acme");
    let path = "/api/v1/users/auth0%7Codd";
    let shown = acme.get(path).await.json();
    assert_eq!(shown["email"], "\"odd one\"@localhost");
    let body = json!({
        "email": shown["email"], "firstName": shown["firstName"], "lastName": shown["lastName"],
    });
    assert_eq!(acme.put(path, body.clone()).await.outcome(), "200");
    assert_eq!(auth0.user("auth0|odd"), Some(odd));
    // Nobody else gets such an address.
    let other = acme.put("/api/v1/users/auth0%7Cmia", body).await;
    assert_eq!(other.outcome(), "422 validation_failed");
}

#[tokio::test]
async fn change_without_effect_keeps_the_time_of_the_last_change() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let path = "/api/v1/users/auth0%7Cmia";
    let before = acme.get(path).await.json();
    app.clock.advance(std::time::Duration::from_secs(60));
    let body = json!({
        "email": before["email"], "firstName": before["firstName"], "lastName": before["lastName"],
    });
    assert_eq!(acme.put(path, body).await.json(), before);
    let member = acme.get(&user_path("acme", "mia")).await.json();
    let body = json!({"role": member["tenantRole"], "name": member["name"]});
    assert_eq!(acme.put(&user_path("acme", "mia"), body).await.outcome(), "200");
    assert_eq!(acme.get(path).await.json(), before);
}

#[tokio::test]
async fn name_equal_to_the_address_is_none() {
    let app = App::start().await;
    let body = json!({"email": "nora@acme.example", "role": "viewer", "name": "Nora@ACME.example"});
    let created = app.tenant("acme").post(ACME, body).await;
    assert_eq!((created.outcome().as_str(), &created.json()["name"]), ("201", &Value::Null));
    let body = json!({"role": null, "name": "Nora"});
    let path = super::location(&created);
    assert_eq!(app.tenant("acme").put(&path, body).await.json()["name"], "Nora");
    let body = json!({"role": null, "name": "nora@acme.example"});
    assert_eq!(app.tenant("acme").put(&path, body).await.json()["name"], Value::Null);
}

#[tokio::test]
async fn address_that_auth0_rejects_is_invalid() {
    let app = App::start().await;
    for email in ["a@b.c", "a@192.0.2.1", "a@b.c1"] {
        let body = json!({"email": email, "role": "viewer"});
        let response = app.tenant("acme").post(ACME, body).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{email}");
        assert_eq!(super::field_errors(&response), ["email validation_failed"], "{email}");
    }
}
