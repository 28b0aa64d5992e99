//! The deprecated change, which requires only the caller's permission.

use serde_json::json;

use super::{field_errors, has_password, passwords, user_client, v1_path, v2_path};
use crate::support::{Answer, App};

fn new_password(password: &str) -> serde_json::Value {
    json!({"newPassword": password})
}

#[tokio::test]
async fn password_is_set_without_current_password() {
    let app = App::start().await;

    let response =
        app.tenant("acme").patch(&v1_path("mia"), new_password("another-password")).await;

    assert_eq!(response.outcome(), "200");
    assert!(has_password(&app, "mia", "another-password").await);
    assert!(!has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn response_is_the_user_without_password() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let response = acme.patch(&v1_path("mia"), new_password("another-password")).await;

    assert_eq!(response.json(), acme.get("/api/v1/users/auth0%7Cmia").await.json());
    assert!(!response.text.contains("assword"), "{}", response.text);
}

#[tokio::test]
async fn first_password_is_set_for_user_without_one() {
    let app = App::start().await;

    let response =
        app.tenant("acme").patch(&v1_path("vera"), new_password("another-password")).await;

    assert_eq!(response.outcome(), "200");
    assert!(has_password(&app, "vera", "another-password").await);
}

#[tokio::test]
async fn own_password_cannot_be_set_without_permission() {
    let app = App::start().await;

    let response = user_client(&app, "acme", "mia")
        .patch(&v1_path("mia"), new_password("another-password"))
        .await;

    assert_eq!(response.outcome(), "403 insufficient_permission");
}

/// The headers that announce the deprecation, the sunset date and the successor.
fn deprecation_headers(response: &Answer) -> [Option<&str>; 3] {
    ["deprecation", "sunset", "link"].map(|name| response.header(name))
}

fn expected_headers() -> [Option<&'static str>; 3] {
    [
        Some("@1767225600"),
        Some("Fri, 31 Dec 2027 23:59:59 GMT"),
        Some(
            "<https://usher.example.com/api/v2/users/auth0%7Cmia/change-password>; \
             rel=\"successor-version\"",
        ),
    ]
}

#[tokio::test]
async fn response_announces_deprecation_and_successor() {
    let app = App::start().await;

    let response =
        app.tenant("acme").patch(&v1_path("mia"), new_password("another-password")).await;

    assert_eq!(deprecation_headers(&response), expected_headers());
}

#[tokio::test]
async fn error_announces_deprecation_and_successor() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let errors = [
        acme.patch(&v1_path("mia"), json!({})).await,
        app.anonymous().patch(&v1_path("mia"), new_password("another-password")).await,
        app.tenant_with("acme", &[]).patch(&v1_path("mia"), new_password("another-password")).await,
        app.tenant("globex").patch(&v1_path("mia"), new_password("another-password")).await,
        acme.get(&v1_path("mia")).await,
        acme.send(reqwest::Method::PATCH, &v1_path("mia"), Some(("text/plain", b"x".to_vec())))
            .await,
        acme.patch(&v1_path("mia"), new_password("short")).await,
    ];

    let statuses = errors.each_ref().map(|response| response.status.as_u16());
    assert_eq!(statuses, [400, 401, 403, 404, 405, 415, 422]);
    for response in errors {
        assert_eq!(deprecation_headers(&response), expected_headers(), "{response:?}");
    }
}

#[tokio::test]
async fn successor_link_is_percent_encoded() {
    let app = App::start().await;

    let path = "/api/v1/users/auth0|mia/change-password";
    let response = app.tenant("acme").patch(path, new_password("another-password")).await;

    assert_eq!(deprecation_headers(&response), expected_headers());
}

#[tokio::test]
async fn other_operations_announce_no_deprecation() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let user = acme.get("/api/v1/users/auth0%7Cmia").await;
    let v2 = acme.patch(&v2_path("mia"), passwords("mias-password", "another-password")).await;

    assert_eq!((deprecation_headers(&user), deprecation_headers(&v2)), ([None; 3], [None; 3]));
}

#[tokio::test]
async fn weak_password_is_reported_and_not_set() {
    let app = App::start().await;

    let response = app.tenant("acme").patch(&v1_path("mia"), new_password("seven-7")).await;

    assert_eq!(response.outcome(), "422 weak_password");
    assert_eq!(field_errors(&response), ["newPassword weak_password"]);
    assert!(has_password(&app, "mia", "mias-password").await);
}

#[tokio::test]
async fn invalid_new_password_is_reported() {
    let app = App::start().await;

    for password in [String::new(), "p".repeat(73), "ä".repeat(37)] {
        let response = app.tenant("acme").patch(&v1_path("mia"), new_password(&password)).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{password}");
        assert_eq!(field_errors(&response), ["newPassword validation_failed"], "{password}");
    }
}

#[tokio::test]
async fn new_password_must_be_a_string() {
    let app = App::start().await;

    for body in [json!({}), json!({"newPassword": null}), json!({"newPassword": 12_345_678})] {
        let response = app.tenant("acme").patch(&v1_path("mia"), body.clone()).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{body}");
        assert_eq!(field_errors(&response), ["newPassword malformed_request"], "{body}");
    }
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let app = App::start().await;
    let body = json!({"newPassword": "another-password", "blocked": true, "email": "x@y.example"});

    let response = app.tenant("acme").patch(&v1_path("mia"), body).await;

    assert_eq!(response.outcome(), "200");
    assert_eq!(response.json()["email"], "mia@acme.example");
    let user = app.tenant("acme").get("/api/acme/admin/users/auth0%7Cmia").await;
    assert_eq!(user.json()["blocked"], false);
}
