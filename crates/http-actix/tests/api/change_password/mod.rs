//! The password changes of contract B.

mod attempts;
mod v1;
mod v2;

use serde_json::{Value, json};

use crate::support::{Answer, App, Client, SigningKey, TENANT_ISSUER};

const MISMATCH: &str = "422 current_password_mismatch";

/// Path of the password change that requires only the caller's permission.
fn v1_path(name: &str) -> String {
    format!("/api/v1/users/auth0%7C{name}/change-password")
}

/// Path of the password change that requires the current password.
fn v2_path(name: &str) -> String {
    format!("/api/v2/users/auth0%7C{name}/change-password")
}

fn passwords(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

/// A client whose token is the tenant's, has this user as its subject and no permissions.
fn user_client<'a>(app: &'a App, tenant: &str, name: &str) -> Client<'a> {
    let claims = app.claims(&TENANT_ISSUER.replace("{tenant}", tenant));
    let claims = claims.with("sub", json!(format!("auth0|{name}")));
    app.bearer(claims.sign(&SigningKey::shared()))
}

/// Returns whether the user has this password now.
async fn has_password(app: &App, name: &str, password: &str) -> bool {
    let response = app.operator().patch(&v2_path(name), passwords(password, password)).await;
    assert!(response.status == 200 || response.outcome() == MISMATCH, "{response:?}");
    response.status == 200
}

/// Fields and codes that an error reports, such as `newPassword weak_password`.
fn field_errors(error: &Answer) -> Vec<String> {
    let error = error.json();
    let entries = error["errors"].as_array().unwrap().iter();
    entries
        .filter_map(|entry| {
            let field = entry.pointer("/meta/field")?.as_str()?;
            Some(format!("{field} {}", entry["code"].as_str()?))
        })
        .collect()
}
