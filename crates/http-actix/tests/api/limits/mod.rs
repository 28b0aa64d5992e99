//! How often a caller may call.

mod callers;
mod fields;
mod order;

use serde_json::{Value, json};

use crate::support::{App, AppOptions};

const TOO_MANY: &str = "429 too_many_requests";

/// A service that lets each caller make so many requests of each kind in a minute.
async fn with_limits(limits: &'static str) -> App {
    App::start_with(AppOptions { limits: Some(limits), ..AppOptions::default() }).await
}

/// Somebody's path in contract A.
fn in_acme(name: &str) -> String {
    format!("/api/acme/admin/users/auth0%7C{name}")
}

/// A body that changes nothing and needs only to be allowed.
fn no_change() -> Value {
    json!({"role": null})
}

fn passwords(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

const MIAS_PASSWORD: &str = "/api/v2/users/auth0%7Cmia/change-password";
