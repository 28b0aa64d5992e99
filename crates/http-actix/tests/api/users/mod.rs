//! Contract B over HTTP: users, for programs.

mod authority;
mod create;
mod delete;
mod permissions;
mod read;
mod update;
mod values;

use serde_json::{Value, json};

use crate::support::Answer;

const USERS: &str = "/api/v1/users";

/// Somebody of that name.
fn user_path(name: &str) -> String {
    format!("/api/v1/users/auth0%7C{name}")
}

/// Somebody new in acme.
fn nina() -> Value {
    json!({
        "email": "nina@acme.example", "serviceUser": false, "tenantName": "acme",
        "username": "nina", "firstName": "Nina", "lastName": "New",
    })
}

/// What a change sets.
fn change(email: &str, first_name: &str, last_name: &str) -> Value {
    json!({"email": email, "firstName": first_name, "lastName": last_name})
}

/// What an error finds wrong with single values, such as `email validation_failed`.
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

/// The path that a `Location` leads to.
fn location(response: &Answer) -> String {
    let location = response.header("location").unwrap();
    location.strip_prefix("https://usher.example.com").unwrap().to_owned()
}

/// Three tenants' guest, at home in initech.
const ZED: &str = r#"{"id":"auth0|zed","email":"zed@initech.example","firstName":"Zed","lastName":"Z","password":"zeds-password","homeTenant":"initech","tenants":{"acme":"member","globex":"member","initech":"admin"}}"#;
