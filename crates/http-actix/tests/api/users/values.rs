//! Validation of request bodies.

use reqwest::Method;
use serde_json::{Value, json};

use super::{USERS, change, field_errors, nina, user_path};
use crate::support::{Answer, App};

/// An e-mail address with a local part and a total length of so many characters.
fn address(local: usize, whole: usize) -> String {
    let rest = whole - local - 1 - 128;
    let label = |letter: &str, length| letter.repeat(length);
    format!("{}@{}.{}.{}", label("a", local), label("b", 63), label("c", 63), label("d", rest))
}

/// Creates a user with one member of the body replaced.
async fn create_with(app: &App, member: &str, value: impl Into<Value>) -> Answer {
    let mut body = nina();
    body[member] = value.into();
    app.tenant("acme").post(USERS, body).await
}

/// Asserts that these values of a member are rejected and reported.
async fn assert_invalid(app: &App, member: &str, values: &[&str]) {
    for value in values {
        let response = create_with(app, member, *value).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{member}: {value}");
        assert_eq!(field_errors(&response), [format!("{member} validation_failed")], "{value}");
    }
}

#[tokio::test]
async fn email_and_its_local_part_have_length_limits() {
    let app = App::start().await;

    assert_invalid(&app, "email", &[&address(64, 255), &address(65, 254)]).await;
    assert_eq!(create_with(&app, "email", address(64, 254)).await.outcome(), "201");
}

#[tokio::test]
async fn invalid_email_is_rejected() {
    let app = App::start().await;

    assert_invalid(&app, "email", &["", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b..c"])
        .await;
}

#[tokio::test]
async fn changed_email_follows_the_same_rules() {
    let app = App::start().await;

    for email in ["", "nothing", &address(64, 255)] {
        let response =
            app.tenant("acme").put(&user_path("mia"), change(email, "Mia", "Member")).await;
        assert_eq!(response.outcome(), "422 validation_failed", "{email}");
        assert_eq!(field_errors(&response), ["email validation_failed"], "{email}");
    }
}

#[tokio::test]
async fn username_must_have_1_to_128_characters() {
    let app = App::start().await;

    assert_invalid(&app, "username", &["", &"u".repeat(129)]).await;
    assert_eq!(create_with(&app, "username", "u".repeat(128)).await.outcome(), "201");
}

#[tokio::test]
async fn username_can_contain_some_punctuation() {
    let app = App::start().await;

    let response = create_with(&app, "username", "a@^$.!`-#+'~_9").await;

    assert_eq!(response.json()["username"], "a@^$.!`-#+'~_9");
}

#[tokio::test]
async fn username_with_other_characters_is_rejected() {
    let app = App::start().await;

    assert_invalid(&app, "username", &["a b", "ä", "a/b", "a\"b", "a\n", "mia@acme.example"]).await;
}

#[tokio::test]
async fn name_of_new_user_has_at_most_150_characters() {
    let app = App::start().await;

    assert_invalid(&app, "firstName", &[""]).await;
    for member in ["firstName", "lastName"] {
        assert_invalid(&app, member, &[&"é".repeat(151), "line\nbreak"]).await;
    }
    let mut body = nina();
    (body["firstName"], body["lastName"]) = (json!("é".repeat(150)), json!("ﬃ".repeat(150)));
    assert_eq!(app.tenant("acme").post(USERS, body).await.outcome(), "201");
}

#[tokio::test]
async fn changed_name_has_at_most_150_characters() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let (longest, long) = ("é".repeat(150), "é".repeat(151));

    let accepted =
        acme.put(&user_path("mia"), change("mia@acme.example", &longest, &longest)).await;
    let refused = acme.put(&user_path("mia"), change("mia@acme.example", &long, &long)).await;

    assert_eq!(
        (accepted.outcome(), refused.outcome()),
        ("200".into(), "422 validation_failed".into())
    );
    assert_eq!(
        field_errors(&refused),
        ["firstName validation_failed", "lastName validation_failed"]
    );
}

#[tokio::test]
async fn password_has_at_most_72_bytes() {
    let app = App::start().await;

    assert_invalid(&app, "password", &["", &"p".repeat(73), &"ä".repeat(37)]).await;
    assert_eq!(create_with(&app, "password", "p".repeat(72)).await.outcome(), "201");
}

#[tokio::test]
async fn password_violating_the_policy_is_weak() {
    let app = App::start().await;

    let response = create_with(&app, "password", "seven-7").await;

    assert_eq!(response.outcome(), "422 weak_password");
    assert_eq!(field_errors(&response), ["password weak_password"]);
}

#[tokio::test]
async fn password_is_not_echoed() {
    let app = App::start().await;

    for password in ["s3cret!", "s3cret! with spaces", &"s3cret!".repeat(20)] {
        let response = create_with(&app, "password", password).await;
        assert!(!response.text.contains("s3cret!"), "{}", response.text);
    }
}

#[tokio::test]
async fn tenant_name_must_be_a_dns_label() {
    let app = App::start().await;

    assert_invalid(&app, "tenantName", &["", "ACME", "ac me", "-acme", &"a".repeat(64)]).await;
}

#[tokio::test]
async fn all_invalid_values_are_reported_together() {
    let app = App::start().await;
    let body = json!({
        "email": "nothing", "serviceUser": false, "tenantName": "No Tenant", "username": "",
        "password": "", "firstName": "", "lastName": " ",
    });

    let response = app.tenant("acme").post(USERS, body).await;

    assert_eq!(response.status, 422);
    let mut reported = field_errors(&response);
    reported.sort();
    let expected = ["email", "firstName", "lastName", "password", "tenantName", "username"];
    assert_eq!(reported, expected.map(|name| format!("{name} validation_failed")));
}

#[tokio::test]
async fn every_error_contains_the_request_id() {
    let app = App::start().await;
    let body = change("nothing", &"a".repeat(151), "");

    let response = app.tenant("acme").put(&user_path("mia"), body).await;

    let error = response.json();
    let errors = error["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    for entry in errors {
        assert_eq!(entry["meta"]["requestId"].as_str(), response.header("x-request-id"));
        assert!(entry["detail"].is_string());
    }
}

#[tokio::test]
async fn missing_member_is_reported() {
    let app = App::start().await;

    for member in ["email", "serviceUser", "tenantName", "username", "firstName", "lastName"] {
        let mut body = nina();
        body.as_object_mut().unwrap().remove(member);
        let response = app.tenant("acme").post(USERS, body).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{member}");
        assert_eq!(field_errors(&response), [format!("{member} malformed_request")]);
    }
}

#[tokio::test]
async fn missing_member_of_change_is_reported() {
    let app = App::start().await;

    for member in ["email", "firstName", "lastName"] {
        let mut body = change("mia@acme.example", "Mia", "Member");
        body.as_object_mut().unwrap().remove(member);
        let response = app.tenant("acme").put(&user_path("mia"), body).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{member}");
        assert_eq!(field_errors(&response), [format!("{member} malformed_request")]);
    }
}

#[tokio::test]
async fn mistyped_member_is_reported() {
    let app = App::start().await;

    for (member, value) in [
        ("email", json!(1)),
        ("serviceUser", json!("true")),
        ("serviceUser", json!(1)),
        ("tenantName", json!(["acme"])),
        ("username", json!({})),
        ("password", json!(12_345_678)),
        ("firstName", json!(false)),
        ("lastName", json!(1.5)),
    ] {
        let response = create_with(&app, member, value.clone()).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{member}: {value}");
        assert_eq!(field_errors(&response), [format!("{member} malformed_request")], "{value}");
    }
}

#[tokio::test]
async fn null_member_is_rejected() {
    let app = App::start().await;
    let members =
        ["email", "serviceUser", "tenantName", "username", "password", "firstName", "lastName"];

    for member in members {
        let response = create_with(&app, member, Value::Null).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{member}");
        assert_eq!(field_errors(&response), [format!("{member} malformed_request")]);
    }
}

#[tokio::test]
async fn body_that_is_not_an_object_is_malformed() {
    let app = App::start().await;

    let array = json!(["mia@acme.example", "Mia", "Member"]);
    for body in [array, json!([]), json!(null), json!("text"), json!(1)] {
        let response = app.tenant("acme").put(&user_path("mia"), body.clone()).await;
        assert_eq!(response.outcome(), "400 malformed_request", "{body}");
    }
}

#[tokio::test]
async fn duplicate_member_is_reported() {
    let app = App::start().await;
    let bodies = [
        r#"{"email":"a@acme.example","firstName":"A","lastName":"B","email":"b@acme.example"}"#,
        r#"{"email":"a@acme.example","firstName":"A","lastName":"B","\u0065mail":"b@acme.example"}"#,
    ];

    for body in bodies {
        let body = Some(("application/json", body.as_bytes().to_vec()));
        let response = app.tenant("acme").send(Method::PUT, &user_path("mia"), body).await;
        assert_eq!(response.outcome(), "400 malformed_request");
        assert_eq!(field_errors(&response), ["email malformed_request"]);
    }
}

#[tokio::test]
async fn nested_duplicate_member_is_rejected() {
    let app = App::start().await;
    let body = r#"{"email":"a@acme.example","firstName":"A","lastName":"B","x":[{"y":1,"y":2}]}"#;

    let body = Some(("application/json", body.as_bytes().to_vec()));
    let response = app.tenant("acme").send(Method::PUT, &user_path("mia"), body).await;

    assert_eq!(response.outcome(), "400 malformed_request");
}

#[tokio::test]
async fn unknown_members_are_ignored_on_create() {
    let app = App::start().await;
    let mut body = nina();
    for (member, value) in [
        ("id", json!("auth0|chosen")),
        ("user_id", json!("auth0|chosen")),
        ("blocked", json!(true)),
        ("homeTenant", json!("globex")),
        ("role", json!("owner")),
        ("tenants", json!({"globex": "owner"})),
        ("app_metadata", json!({"usher_tenant_globex": {"role": "owner"}})),
        ("createdAt", json!("2000-01-01T00:00:00Z")),
        ("lastLogin", json!("2000-01-01T00:00:00Z")),
    ] {
        body[member] = value;
    }

    let created = app.tenant("acme").post(USERS, body).await.json();

    let id = created["id"].as_str().unwrap();
    assert_ne!(id, "auth0|chosen");
    assert_eq!(created["createdAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(created["lastLogin"], json!(null));
    let user = app.tenant("acme").get(&format!("/api/acme/admin/users/{id}")).await.json();
    assert_eq!((&user["tenantRole"], &user["blocked"]), (&json!("member"), &json!(false)));
    let in_globex = app.tenant("globex").get(&format!("{USERS}/{id}")).await;
    assert_eq!(in_globex.outcome(), "404 user_not_found");
    assert_eq!(app.tenant("acme").delete(&format!("{USERS}/{id}")).await.outcome(), "204");
}

#[tokio::test]
async fn unknown_members_are_ignored_on_update() {
    let app = App::start().await;
    let acme = app.tenant("acme");
    let before = acme.get(&user_path("bob")).await.json();
    let mut body = change("bob@acme.example", "Bob", "Blocked");
    for (member, value) in [
        ("id", json!("auth0|other")),
        ("username", json!("other")),
        ("serviceUser", json!(true)),
        ("tenantName", json!("globex")),
        ("blocked", json!(false)),
        ("password", json!("another-password")),
        ("app_metadata", json!({"usher": {"home": "globex"}})),
    ] {
        body[member] = value;
    }

    let mut after = acme.put(&user_path("bob"), body).await.json();

    after["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(after, before);
    let user = acme.get("/api/acme/admin/users/auth0%7Cbob").await.json();
    assert_eq!(user["blocked"], true);
}
