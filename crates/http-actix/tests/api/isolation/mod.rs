//! Tenant isolation: a caller of one tenant can neither read nor change another.

mod malformed;
mod responses;
mod spelling;
mod takeover;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Client};

/// Returns every operation that names a user: method, path before and after the user, valid body.
fn operations() -> Vec<(Method, &'static str, &'static str, Option<Value>)> {
    const TENANT: &str = "/api/acme/admin/users/";
    const USERS: &str = "/api/v1/users/";
    let names = json!({"email": "new@acme.example", "firstName": "New", "lastName": "Name"});
    let password = json!({"newPassword": "a-new-password"});
    let passwords = json!({"currentPassword": "mias-password", "newPassword": "a-new-password"});
    vec![
        (Method::GET, TENANT, "", None),
        (Method::PUT, TENANT, "", Some(json!({"role": "viewer", "name": "New Name"}))),
        (Method::DELETE, TENANT, "", None),
        (Method::GET, USERS, "", None),
        (Method::PUT, USERS, "", Some(names)),
        (Method::DELETE, USERS, "", None),
        (Method::PATCH, USERS, "/change-password", Some(password)),
        (Method::PATCH, "/api/v2/users/", "/change-password", Some(passwords)),
    ]
}

/// Returns bodies that are refused, each for another reason.
fn bad_bodies() -> [Value; 4] {
    [
        json!({}),
        json!({"role": 1, "email": 1, "newPassword": 1, "currentPassword": 1}),
        json!({"role": "king", "email": "no address", "firstName": "x", "lastName": "x"}),
        json!({"newPassword": "", "currentPassword": ""}),
    ]
}

/// Sends a call without the normalisation of paths that HTTP clients apply.
fn send_raw(
    app: &App,
    client: &Client<'_>,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len().to_string();
    let token = client.token().map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json"), ("Content-Length", &length)];
    headers.extend(token.as_deref().map(|token| ("Authorization", token)));
    let head = app.head(&format!("{method} {path}"), &headers);
    app.exchange(&[head, body.into_bytes()].concat())
}
