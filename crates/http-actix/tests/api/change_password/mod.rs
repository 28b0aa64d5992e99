//! Contract B's changes of password over HTTP.

mod attempts;
mod v1;
mod v2;

use serde_json::{Value, json};

use crate::support::{Answer, App, Client, SigningKey, TENANT_ISSUER};

const MISMATCH: &str = "422 current_password_mismatch";

/// Where somebody's password is changed on the authority of the caller alone.
fn v1(name: &str) -> String {
    format!("/api/v1/users/auth0%7C{name}/change-password")
}

/// Where somebody's password is changed by proof of the current one.
fn v2(name: &str) -> String {
    format!("/api/v2/users/auth0%7C{name}/change-password")
}

fn passwords(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

/// Somebody of that name with a token of the tenant's own and no permission at all.
fn person<'a>(app: &'a App, tenant: &str, name: &str) -> Client<'a> {
    let claims = app.claims(&TENANT_ISSUER.replace("{tenant}", tenant));
    let claims = claims.with("sub", json!(format!("auth0|{name}")));
    app.bearer(claims.sign(&SigningKey::shared()))
}

/// Whether this is the password that somebody has now.
async fn has_password(app: &App, name: &str, password: &str) -> bool {
    let answer = app.operator().patch(&v2(name), passwords(password, password)).await;
    assert!(answer.status == 200 || answer.outcome() == MISMATCH, "{answer:?}");
    answer.status == 200
}

/// What an error finds wrong with single values, such as `newPassword weak_password`.
fn wrong(error: &Answer) -> Vec<String> {
    let error = error.json();
    let entries = error["errors"].as_array().unwrap().iter();
    entries
        .filter_map(|entry| {
            let field = entry.pointer("/meta/field")?.as_str()?;
            Some(format!("{field} {}", entry["code"].as_str()?))
        })
        .collect()
}
