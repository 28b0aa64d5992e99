//! Contract A: management of one tenant's users.

mod attach;
mod caller_role;
mod detach;
mod list;
mod odd_accounts;
mod protected_roles;
mod update;
mod values;

use crate::support::Answer;

/// Path of acme's users.
const ACME: &str = "/api/acme/admin/users";

/// Path of a user in a tenant.
fn user_path(tenant: &str, name: &str) -> String {
    format!("/api/{tenant}/admin/users/auth0%7C{name}")
}

/// The names of the users on a list, in order.
fn names(list: &Answer) -> Vec<String> {
    let list = list.json();
    let ids = list.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap());
    ids.map(|id| id.strip_prefix("auth0|").unwrap().to_owned()).collect()
}

/// Fields and codes that a problem reports, such as `email validation_failed`.
fn field_errors(problem: &Answer) -> Vec<String> {
    let problem = problem.json();
    let errors = problem["errors"].as_array().into_iter().flatten();
    let text = |error: &serde_json::Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.map(|error| format!("{} {}", text(error, "field"), text(error, "code"))).collect()
}

/// The path in the `Location` header.
fn location(response: &Answer) -> String {
    let location = response.header("location").unwrap();
    location.strip_prefix("https://usher.example.com").unwrap().to_owned()
}
