//! Unknown paths and unsupported methods.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::assert_error;
use crate::support::App;

#[tokio::test]
async fn unknown_paths_are_404() {
    let app = App::start().await;
    for path in [
        "/nothing",
        "/health",
        "/health/live/",
        "/api",
        "/api/",
        "/api/acme",
        "/api/acme/users",
        "/api/acme/admin",
        "/api/acme/admin/users/",
        "/api/acme/admin/users/auth0%7Cmia/",
        "/api/acme/admin/users/auth0%7Cmia/change-password",
        "/api//admin/users",
        "/API/acme/admin/users",
        "/api/v1/admin",
        "/api/v1/admin/users/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/Users",
        "/api/v1/users/",
        "/api/v1/users/auth0%7Cmia/",
        "/api/v1/users/auth0%7Cmia/password",
        "/api/v1/users/auth0%7Cmia/change-password/",
        "/api/v2",
        "/api/v2/users",
        "/api/v2/users/auth0%7Cmia",
        "/api/v3/users",
        "/docs/nothing.js",
        "/docs/index.html/",
        "/openapi.json/",
        "/metrics/",
        "/health/ready/",
    ] {
        for client in [app.anonymous(), app.operator()] {
            assert_error(path, &client.get(path).await, "404 not_found");
        }
    }
}

#[tokio::test]
async fn tenant_can_be_named_v1() {
    let app = App::start().await;
    for path in ["/api/v1/admin/users", "/api/v2/admin/users"] {
        assert_eq!(app.operator().get(path).await.text, "[]", "{path}");
        assert_error(path, &app.tenant("acme").get(path).await, "403 tenant_forbidden");
        let user = format!("{path}/auth0%7Cmia");
        assert_error(&user, &app.operator().get(&user).await, "404 user_not_found");
    }
}

#[tokio::test]
async fn allow_header_lists_documented_methods() {
    let app = App::start().await;
    let document: Value = serde_json::from_str(&usher_http::openapi::text().unwrap()).unwrap();
    let paths: Vec<(String, BTreeSet<String>)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().map(|method| method.to_uppercase());
            (
                path.replace("{tenantId}", "acme").replace("{userId}", "auth0%7Cmia"),
                methods.collect(),
            )
        })
        .collect();
    for (path, methods) in &paths {
        // Outside the contracts, a path with GET has HEAD too.
        let head = (!path.starts_with("/api/")).then_some("HEAD");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PURGE"]
        {
            if methods.contains(method) || head == Some(method) {
                continue;
            }
            let unsupported = Method::from_bytes(method.as_bytes()).unwrap();
            for client in [app.anonymous(), app.operator()] {
                let response = client.call(unsupported.clone(), path, None).await;
                let allow = response.header("allow").map(|allow| allow.split(", ").collect());
                let known: BTreeSet<&str> =
                    methods.iter().map(String::as_str).chain(head).collect();
                assert_eq!(allow, Some(known), "{method} {path}: {response:?}");
                if method == "HEAD" {
                    assert_eq!((response.status.as_u16(), &*response.text), (405, ""), "{path}");
                } else {
                    assert_error(path, &response, "405 method_not_allowed");
                }
            }
        }
    }
}

#[tokio::test]
async fn openapi_and_docs_allow_only_get_and_head() {
    let app = App::start().await;
    for path in ["/openapi.json", "/docs", "/docs/", "/"] {
        let response = app.anonymous().post(path, json!({})).await;
        assert_eq!(response.outcome(), "405 method_not_allowed", "{path}");
        assert_eq!(response.header("allow"), Some("GET, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn percent_encoded_path_keeps_its_error_format() {
    let app = App::start().await;
    for path in ["/api/v1/users", "/api/%761/users", "/%61pi/v1/users"] {
        let response = app.anonymous().get(path).await;
        assert_eq!(response.outcome(), "401 missing_token", "{path}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{path}");
    }
}
