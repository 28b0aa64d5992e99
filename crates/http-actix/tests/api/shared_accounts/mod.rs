//! Accounts that several tenants rely on: whose memberships have force, and who may do what.

mod operators;
mod own_account;
mod pending;
mod protected_roles;
mod subjects;
mod views;

use serde_json::{Value, json};

use crate::support::{Answer, App, AppOptions, Client};

/// Nia's home is globex, where she is an admin; nobody has attached her to acme.
const NIA: &str = r#"{"id":"auth0|nia","email":"nia@globex.example","username":"nia","firstName":"Nia","lastName":"Nomad","name":"Nia N.","createdAt":"2026-01-10T00:00:00Z","lastLogin":"2026-02-01T10:00:00Z","password":"nias-password","homeTenant":"globex","tenants":{"globex":"admin"}}"#;

const NIA_ID: &str = "auth0%7Cnia";

async fn app_with_nia() -> App {
    App::start_with(AppOptions { users: NIA.to_owned(), ..AppOptions::default() }).await
}

/// Attaches nia to acme.
async fn attach_nia(acme: &Client<'_>, role: &str) -> Answer {
    acme.post("/api/acme/admin/users", json!({"email": "nia@globex.example", "role": role})).await
}

/// Has an operator state whether the account is the person's own.
async fn vouch(app: &App, id: &str, verified: bool) {
    let path = format!("/api/v1/users/{id}/proof");
    let answer = app.operator().put(&path, json!({"emailVerified": verified})).await;
    assert_eq!(answer.outcome(), "200", "{answer:?}");
}

/// Returns the status of nia's membership in acme.
async fn status_in_acme(app: &App) -> Value {
    let answer = app.tenant("acme").get(&format!("/api/acme/admin/users/{NIA_ID}")).await;
    answer.json()["status"].clone()
}

/// Sets nia's password as her home.
async fn set_password(home: &Client<'_>, password: &str) {
    let path = format!("/api/v1/users/{NIA_ID}/change-password");
    let answer = home.patch(&path, json!({"newPassword": password})).await;
    assert_eq!(answer.outcome(), "200", "{answer:?}");
}
