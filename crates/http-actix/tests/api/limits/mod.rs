//! Rate limits by caller.

mod callers;
mod headers;
mod order;

use serde_json::{Value, json};

use crate::support::{App, AppOptions};

const RATE_LIMITED: &str = "429 too_many_requests";

/// Starts a service with these `[limits]`.
async fn app_with_limits(limits: &'static str) -> App {
    App::start_with(AppOptions { limits: Some(limits), ..AppOptions::default() }).await
}

/// Returns the path of a user in contract A.
fn acme_user_path(name: &str) -> String {
    format!("/api/acme/admin/users/auth0%7C{name}")
}

/// An update that changes nothing but requires write access.
fn empty_update() -> Value {
    json!({"role": null})
}

fn password_change(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

const MIA_CHANGE_PASSWORD: &str = "/api/v2/users/auth0%7Cmia/change-password";
