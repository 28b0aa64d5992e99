//! Contract B: user management for programs.

mod authority;
mod create;
mod delete;
mod names;
mod permissions;
mod read;
mod update;
mod values;

use serde_json::{Value, json};

use crate::support::Answer;

const USERS: &str = "/api/v1/users";

/// Path of a user.
fn user_path(name: &str) -> String {
    format!("/api/v1/users/auth0%7C{name}")
}

/// A body that creates a user in acme.
fn nina() -> Value {
    json!({
        "email": "nina@acme.example", "serviceUser": false, "tenantName": "acme",
        "username": "nina", "firstName": "Nina", "lastName": "New",
    })
}

/// A body that updates a user.
fn change(email: &str, first_name: &str, last_name: &str) -> Value {
    json!({"email": email, "firstName": first_name, "lastName": last_name})
}

/// Fields and codes that an error reports, such as `email validation_failed`.
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

/// The path in the `Location` header.
fn location(response: &Answer) -> String {
    let location = response.header("location").unwrap();
    location.strip_prefix("https://usher.example.com").unwrap().to_owned()
}

/// A user with home tenant initech who is also attached to acme and globex.
const ZED: &str = r#"{"id":"auth0|zed","email":"zed@initech.example","firstName":"Zed","lastName":"Z","password":"zeds-password","homeTenant":"initech","tenants":{"acme":"member","globex":"member","initech":"admin"}}"#;
