//! Validation of request bodies.

use reqwest::Method;
use serde_json::json;

use super::{ACME, field_errors, user_path};
use crate::support::{Answer, App};

/// An e-mail address with a local part and a total length of so many characters.
fn address(local: usize, whole: usize) -> String {
    let rest = whole - local - 1 - 128;
    let label = |letter: &str, length| letter.repeat(length);
    format!("{}@{}.{}.{}", label("a", local), label("b", 63), label("c", 63), label("d", rest))
}

async fn post(app: &App, email: &str) -> Answer {
    app.tenant("acme").post(ACME, json!({"email": email, "role": "member"})).await
}

#[tokio::test]
async fn email_and_its_local_part_have_length_limits() {
    let app = App::start().await;

    assert_eq!(post(&app, &address(64, 254)).await.outcome(), "201");
    for email in [address(64, 255), address(65, 254)] {
        let response = post(&app, &email).await;
        assert_eq!(response.outcome(), "422 validation_failed");
        assert_eq!(field_errors(&response), ["email validation_failed"]);
    }
}

#[tokio::test]
async fn invalid_email_is_rejected() {
    let app = App::start().await;

    for email in
        ["", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", "a@@b.example"]
    {
        let response = post(&app, email).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{email}");
        assert_eq!(field_errors(&response), ["email validation_failed"], "{email}");
    }
}

#[tokio::test]
async fn name_must_have_1_to_300_characters() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    for (name, outcome) in [
        ("é".repeat(300), "200"),
        ("é".repeat(301), "422 validation_failed"),
        (String::new(), "422 validation_failed"),
    ] {
        let response =
            acme.put(&user_path("acme", "mia"), json!({"role": null, "name": name})).await;
        assert_eq!(response.outcome(), outcome, "{}", name.len());
    }
}

#[tokio::test]
async fn all_invalid_values_are_reported_together() {
    let app = App::start().await;
    let body = json!({"email": "nothing", "name": "", "role": "superhero"});

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.status, 422);
    let expected = ["email validation_failed", "name validation_failed", "role unknown_role"];
    assert_eq!(field_errors(&response), expected);
}

#[tokio::test]
async fn validation_error_is_an_rfc_9457_problem() {
    let app = App::start().await;

    let response = post(&app, "nothing").await;

    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = response.json();
    assert_eq!(problem["status"], 422);
    assert_eq!(problem["code"], "validation_failed");
    assert_eq!(problem["requestId"].as_str(), response.header("x-request-id"));
    assert!(problem["errors"][0]["detail"].is_string());
}

#[tokio::test]
async fn missing_member_is_reported() {
    let app = App::start().await;
    let acme = app.tenant("acme");

    let without_email = acme.post(ACME, json!({"role": "member"})).await;
    let without_role = acme.post(ACME, json!({"email": "new@acme.example"})).await;

    assert_eq!(without_email.outcome(), "400 malformed_request");
    assert_eq!(field_errors(&without_email), ["email malformed_request"]);
    assert_eq!(without_role.outcome(), "400 malformed_request");
    assert_eq!(field_errors(&without_role), ["role malformed_request"]);
}

#[tokio::test]
async fn mistyped_member_is_reported() {
    let app = App::start().await;
    let valid = json!({"email": "new@acme.example", "name": "New", "role": "member"});

    for (member, value) in [
        ("email", json!(1)),
        ("email", json!(null)),
        ("email", json!(["new@acme.example"])),
        ("name", json!({})),
        ("role", json!(true)),
        ("role", json!(null)),
    ] {
        let mut body = valid.clone();
        body[member] = value;
        let response = app.tenant("acme").post(ACME, body.clone()).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{body}");
        assert_eq!(field_errors(&response), [format!("{member} malformed_request")], "{body}");
    }
}

#[tokio::test]
async fn body_that_is_not_an_object_is_malformed() {
    let app = App::start().await;

    let array = json!(["new@acme.example", "New", "member"]);
    for body in [array, json!([]), json!(null), json!("text"), json!(1)] {
        let response = app.tenant("acme").post(ACME, body.clone()).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{body}");
    }
}

#[tokio::test]
async fn duplicate_member_is_reported() {
    let app = App::start().await;
    let body = br#"{"email":"new@acme.example","role":"member","role":"owner"}"#.to_vec();

    let response =
        app.tenant("acme").send(Method::POST, ACME, Some(("application/json", body))).await;

    assert_eq!(response.outcome(), "400 malformed_request");
    assert_eq!(field_errors(&response), ["role malformed_request"]);
}

#[tokio::test]
async fn unknown_members_are_ignored_on_create() {
    let app = App::start().await;
    let body = json!({
        "email": "new@acme.example", "role": "member",
        "id": "auth0|chosen", "blocked": true, "lastLogin": "2020-01-01T00:00:00Z",
        "tenantRole": "owner", "homeTenant": "globex", "tenants": {"globex": "owner"},
        "app_metadata": {"usher_tenant_globex": {"role": "owner"}}, "user_metadata": {},
    });

    let response = app.tenant("acme").post(ACME, body).await;

    assert_eq!(response.status, 201);
    let user = response.json();
    let id = user["id"].as_str().unwrap();
    assert_ne!(id, "auth0|chosen");
    assert_eq!(user["blocked"], false);
    assert_eq!(user["lastLogin"], json!(null));
    assert_eq!(user["tenantRole"], "member");
    let in_globex = app.tenant("globex").get(&format!("/api/globex/admin/users/{id}")).await;
    assert_eq!(in_globex.outcome(), "404 user_not_found");
    let home = app.operator().get(&format!("/api/v1/users/{id}")).await;
    assert_eq!(home.json()["tenantName"], "acme");
}

#[tokio::test]
async fn unknown_members_are_ignored_on_update() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user_path("acme", "bob")).await.json();

    let body = json!({
        "role": null, "email": "other@acme.example", "blocked": false, "id": "auth0|other",
        "tenantRole": "owner", "app_metadata": {"usher_tenant_acme": {"role": "owner"}},
    });
    let response = acme.put(&user_path("acme", "bob"), body).await;

    assert_eq!((response.status.as_u16(), response.json()), (200, before));
}
