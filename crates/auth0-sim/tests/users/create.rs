//! `POST /api/v2/users`.

use auth0_sim::{Connection, PasswordPolicy, Usernames};
use serde_json::{Value, json};

use crate::support::{CONNECTION, START_TEXT, Tenant, assert_code, error, ids};

fn jane() -> Value {
    json!({"connection": CONNECTION, "email": "jane@acme.example", "password": "secret1", "user_id": "jane"})
}

/// Returns the body with another value of a member, or without it if the value is null.
fn with_member(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

#[tokio::test]
async fn new_user_has_defaults_and_no_nulls() {
    let tenant = Tenant::start().await;
    let created = tenant.post(jane()).await;
    let expected = json!({
        "user_id": "auth0|jane",
        "email": "jane@acme.example",
        "email_verified": false,
        "name": "jane@acme.example",
        "nickname": "jane",
        "picture": "https://s.gravatar.com/avatar/6362acd49824e0fd3847e9d9e14f3c0e?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fja.png",
        "created_at": START_TEXT,
        "updated_at": START_TEXT,
        "identities": [{
            "connection": CONNECTION, "provider": "auth0", "user_id": "jane", "isSocial": false,
        }],
    });
    assert_eq!(created, (201, expected));
}

#[tokio::test]
async fn create_keeps_given_values_and_generates_id() {
    let tenant = Tenant::start().await;
    let given = json!({
        "email_verified": true, "username": "jane", "phone_number": "+4912345",
        "phone_verified": true, "given_name": "Jane", "family_name": "Roe", "name": "Jane Roe",
        "nickname": "J", "picture": "https://acme.example/j.png", "blocked": false,
        "user_metadata": {"a": {"b": 1}, "gone": null}, "app_metadata": {"c": [1, 2]},
    });
    let mut body = with_member(jane(), "user_id", Value::Null);
    body.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    let (status, created) = tenant.post(body).await;
    assert_eq!(status, 201, "{created}");
    for (key, value) in given.as_object().unwrap() {
        if key == "user_metadata" {
            assert_eq!(created[key], json!({"a": {"b": 1}}));
        } else {
            assert_eq!(&created[key], value, "{key}");
        }
    }
    let id = created["user_id"].as_str().unwrap().strip_prefix("auth0|").unwrap();
    assert!(id.len() == 24 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert_eq!(created["identities"][0]["user_id"], id);
}

#[tokio::test]
async fn email_and_username_are_stored_in_lower_case() {
    let tenant = Tenant::start().await;
    let body = with_member(
        with_member(jane(), "email", json!("Jane@ACME.example")),
        "username",
        json!("JaneR"),
    );
    let (_, created) = tenant.post(body).await;
    assert_eq!(
        (&created["email"], &created["username"]),
        (&json!("jane@acme.example"), &json!("janer"))
    );
}

#[tokio::test]
async fn duplicate_is_409_except_username_400() {
    let tenant = Tenant::start().await;
    assert_eq!(tenant.post(with_member(jane(), "username", json!("jane"))).await.0, 201);
    let conflict = error(409, "The user already exists.", "auth0_idp_error");
    assert_eq!(tenant.post(jane()).await, conflict);
    let other_id = with_member(jane(), "user_id", json!("other"));
    assert_eq!(
        tenant.post(with_member(other_id.clone(), "email", json!("JANE@acme.example"))).await,
        conflict
    );
    assert_eq!(
        tenant.post(with_member(jane(), "email", json!("other@acme.example"))).await,
        conflict
    );
    let other = with_member(other_id, "email", json!("other@acme.example"));
    assert_eq!(
        tenant.post(with_member(other.clone(), "username", json!("JANE"))).await,
        error(400, "The username provided is in use already.", "auth0_idp_error")
    );
    assert_eq!(tenant.control().users().len(), 1, "a rejected request creates nothing");
    assert_eq!(tenant.post(other).await.0, 201);
}

#[tokio::test]
async fn connections_have_separate_users() {
    let second = Connection { id: "con_2".into(), name: "Second".into(), ..Connection::default() };
    let tenant = Tenant::with_config(auth0_sim::Config {
        connections: vec![Connection::default(), second],
        ..auth0_sim::Config::default()
    })
    .await;
    assert_eq!(tenant.post(jane()).await.0, 201);
    let in_second =
        with_member(with_member(jane(), "connection", json!("Second")), "user_id", json!("there"));
    assert_eq!(tenant.post(in_second).await.0, 201);
    let (_, both) = tenant.get("/api/v2/users-by-email?email=jane%40acme.example").await;
    assert_eq!(ids(&both), ["jane", "there"]);
    assert_eq!(
        tenant.post(with_member(jane(), "connection", json!("Third"))).await,
        error(400, "The connection does not exist.", "inexistent_connection")
    );
}

#[tokio::test]
async fn create_rejects_unknown_and_mistyped_properties() {
    let tenant = Tenant::start().await;
    let rejection =
        |what: &str| error(400, &format!("Payload validation error: {what}."), "invalid_body");
    for (key, value, message) in [
        ("connection", Value::Null, "'Missing required property: connection'"),
        ("password", Value::Null, "'Missing required property: password'"),
        ("email", Value::Null, "'Missing required property: email'"),
        ("role", json!("admin"), "'Additional properties not allowed: role'"),
        ("last_login", json!("x"), "'Additional properties not allowed: last_login'"),
        (
            "email",
            json!("jane"),
            "'Object didn't pass validation for format email: jane' on property email (The user's email.)",
        ),
        (
            "email",
            json!(7),
            "'Expected type string but found type integer' on property email (The user's email.)",
        ),
        (
            "given_name",
            json!(""),
            "'String is too short (0 chars), minimum 1' on property given_name (The user's given name(s).)",
        ),
        (
            "name",
            json!("x".repeat(301)),
            "'String is too long (301 chars), maximum 300' on property name (The user's full name.)",
        ),
        (
            "blocked",
            json!("yes"),
            "'Expected type boolean but found type string' on property blocked (Whether this user was blocked by an administrator (true) or not (false).)",
        ),
        (
            "user_id",
            json!("a b"),
            r"'String does not match pattern ^\S*$: a b' on property user_id (The external user's id provided by the identity provider.)",
        ),
    ] {
        let body = with_member(jane(), key, value);
        assert_eq!(tenant.post(body).await, rejection(message), "{key}");
    }
    for (key, value) in [
        ("app_metadata", json!([])),
        ("app_metadata", json!({"email": 1})),
        ("app_metadata", json!({"a.b": 1})),
        ("user_metadata", json!({"a": {"$b": 1}})),
        ("user_metadata", json!("text")),
        ("picture", json!("no link")),
        ("phone_number", json!("12345")),
        ("email", json!(format!("{}@acme.example", "x".repeat(65)))),
        ("email", json!("jane\u{200b}@acme.example")),
        ("username", json!("with blank")),
        ("username", json!("other@acme.example")),
        ("username", json!("x".repeat(129))),
        ("password", json!("x".repeat(73))),
        ("given_name", json!(null)),
    ] {
        let mut body = jane();
        body[key] = value.clone();
        assert_code(&tenant.post(body).await, 400, "invalid_body");
    }
    assert!(tenant.control().users().is_empty());
}

#[tokio::test]
async fn connection_decides_whether_usernames_are_allowed() {
    let with = |usernames| Tenant::with(Connection { usernames, ..Connection::default() });
    let with_username = with_member(jane(), "username", json!("jane"));
    let without_email = with_member(with_username.clone(), "email", Value::Null);

    let without_usernames = with(Usernames::None).await;
    let rejection = error(400, "Cannot set username for connection without requires_username", "");
    assert_eq!(without_usernames.post(with_username.clone()).await, rejection);
    assert_eq!(without_usernames.post(jane()).await.0, 201);

    let required = with(Usernames::Required).await;
    let missing = "Payload validation error: 'Missing required property: username'.";
    assert_eq!(required.post(jane()).await, error(400, missing, "invalid_body"));
    assert_eq!(required.post(with_username.clone()).await.0, 201);

    let optional = with(Usernames::Optional).await;
    let (status, created) = optional.post(without_email).await;
    assert_eq!((status, &created["name"], created.get("email")), (201, &json!("jane"), None));
}

#[tokio::test]
async fn password_must_satisfy_connection_policy() {
    let tenant = Tenant::with(Connection {
        password_policy: PasswordPolicy::Good,
        dictionary: true,
        no_personal_info: true,
        ..Connection::default()
    })
    .await;
    for (password, message) in [
        ("short1!", "PasswordStrengthError: Password is too weak"),
        ("P@ssw0rd", "PasswordDictionaryError: Password is too common"),
        ("xX1!jane", "PasswordNoUserInfoError: Password contains user information"),
    ] {
        let rejection = error(400, message, "");
        assert_eq!(tenant.post(with_member(jane(), "password", json!(password))).await, rejection);
    }
    assert_eq!(tenant.post(with_member(jane(), "password", json!("Tr0ub4dor&3"))).await.0, 201);
}

#[tokio::test]
async fn verification_mail_follows_email_verified_and_verify_email() {
    for (verified, requested, mails) in [
        (None, None, 1),
        (Some(false), None, 1),
        (Some(true), None, 0),
        (Some(true), Some(true), 1),
        (None, Some(false), 0),
    ] {
        let tenant = Tenant::start().await;
        let body = with_member(jane(), "email_verified", json!(verified));
        assert_eq!(tenant.post(with_member(body, "verify_email", json!(requested))).await.0, 201);
        assert_eq!(tenant.control().mails().len(), mails, "{verified:?} {requested:?}");
    }
}
